package blob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"configtrail"
)

// Folder is a folder on this machine, or one file of it. Keys are paths below
// it with slashes, of any bytes the file system allows; hidden files count.
// A key never reaches out of the folder, however it is spelled.
//
// A symbolic link to a file is read when it stays inside the folder. Links to
// folders inside are passed over, since what they hold is listed where it lies;
// so no link makes a loop. A link that leads outside or nowhere is an error of
// that entry. Devices, sockets and pipes are passed over.
type Folder struct {
	dir  string // absolute, without links
	only string // the one key of a Folder that is a file; else ""
}

// OpenFolder opens a folder, or a single file as a Folder with one key, its
// name. Where there is neither, the error is configtrail.ErrNotFound.
func OpenFolder(dir string) (*Folder, error) {
	absolute, err := filepath.Abs(dir)
	if err == nil {
		absolute, err = filepath.EvalSymlinks(absolute)
	}
	var info fs.FileInfo
	if err == nil {
		info, err = os.Stat(absolute)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err := fmt.Errorf("%w: no folder at %s", configtrail.ErrNotFound, dir)
		return nil, configtrail.WithHint(err, sourceHint)
	case err != nil:
		return nil, fmt.Errorf("open folder %s: %w", dir, err)
	case info.IsDir():
		return &Folder{dir: absolute}, nil
	case info.Mode().IsRegular():
		return &Folder{filepath.Dir(absolute), filepath.Base(absolute)}, nil
	default:
		err := fmt.Errorf("%w: %s is neither a folder nor a file", configtrail.ErrInvalid, dir)
		return nil, configtrail.WithHint(err, sourceHint)
	}
}

// URI implements Bucket.
func (f *Folder) URI() string { return f.uri(f.only) }

func (f *Folder) uri(key string) string {
	return fileURI(filepath.Join(f.dir, filepath.FromSlash(key)))
}

// fileURI percent-encodes what a URI cannot hold, such as bytes that are no
// UTF-8: two files never have one URI.
func fileURI(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // a drive letter
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

// filePath is the inverse of fileURI.
func filePath(uri string) (string, error) {
	parsed, err := url.Parse(uri)
	if err != nil || parsed.Host != "" && parsed.Host != "localhost" || parsed.Path == "" {
		return "", fmt.Errorf("%w: %s is no file:/// URI of this machine", configtrail.ErrInvalid, uri)
	}
	path := parsed.Path
	if filepath.VolumeName(path[1:]) != "" {
		path = path[1:]
	}
	return filepath.FromSlash(path), nil
}

// List implements Bucket. In memory it holds the names of the folders on the
// way to the object at hand, never those of the whole tree. What can't be read
// is an error beside an Object with the key, and the listing goes on behind it.
func (f *Folder) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		root, err := os.OpenRoot(f.dir)
		if err != nil {
			yield(Object{}, fmt.Errorf("list %s: %w", f.URI(), err))
			return
		}
		defer func() { _ = root.Close() }() // nothing was written
		f.list(ctx, root, nearest(prefix), prefix, yield)
	}
}

// list walks one folder, whose key is "" or ends with a slash. It reports
// whether the listing shall go on.
func (f *Folder) list(ctx context.Context, root *os.Root, folder, prefix string, yield func(Object, error) bool) bool {
	entries, err := f.entries(root, folder)
	if err != nil && !yield(Object{Key: folder, URI: f.uri(folder)}, fmt.Errorf("list %s: %w", f.uri(folder), err)) {
		return false
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			yield(Object{}, err)
			return false
		}
		if e.kind.IsDir() {
			if strings.HasPrefix(e.key, prefix) || strings.HasPrefix(prefix, e.key) {
				if !f.list(ctx, root, e.key, prefix, yield) {
					return false
				}
			}
			continue
		}
		if !strings.HasPrefix(e.key, prefix) {
			continue
		}
		object, err := f.object(root, e)
		if errors.Is(err, errPassOver) {
			continue
		}
		if !yield(object, err) {
			return false
		}
	}
	return true
}

// Level implements Bucket, with errors as List has them.
func (f *Folder) Level(ctx context.Context, prefix string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		root, err := os.OpenRoot(f.dir)
		if err != nil {
			yield(Entry{}, fmt.Errorf("list %s: %w", f.URI(), err))
			return
		}
		defer func() { _ = root.Close() }() // nothing was written
		folder := nearest(prefix)
		entries, err := f.entries(root, folder)
		if err != nil && !yield(Entry{Object: Object{Key: folder, URI: f.uri(folder)}}, fmt.Errorf("list %s: %w", f.uri(folder), err)) {
			return
		}
		for _, e := range entries {
			if err := ctx.Err(); err != nil {
				yield(Entry{}, err)
				return
			}
			if !strings.HasPrefix(e.key, prefix) {
				continue
			}
			if e.kind.IsDir() {
				if !yield(Entry{Folder: e.key}, nil) {
					return
				}
				continue
			}
			object, err := f.object(root, e)
			if errors.Is(err, errPassOver) {
				continue
			}
			if !yield(Entry{Object: object}, err) {
				return
			}
		}
	}
}

// nearest is the deepest folder that holds every key with the prefix: "" or
// with a slash at its end.
func nearest(prefix string) string { return prefix[:strings.LastIndexByte(prefix, '/')+1] }

// entry is one name of a folder.
type entry struct {
	key  string // of a folder with a slash at its end
	kind fs.FileMode
}

// entries are the files and folders below a folder in the byte order of the
// keys they lead to: a folder sorts as its name with the slash, so that a-b
// comes before a/b although the name a comes before a-b. A folder that does not
// exist has none. With an error come those that could be read.
func (f *Folder) entries(root *os.Root, folder string) ([]entry, error) {
	if f.only != "" {
		if folder != "" {
			return nil, nil
		}
		return []entry{{key: f.only}}, nil
	}
	name := "."
	if folder != "" {
		if name = strings.TrimSuffix(folder, "/"); !clean(name) {
			return nil, nil
		}
	}
	open, err := root.Open(filepath.FromSlash(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer open.Close()
	names, err := open.ReadDir(-1)
	entries := make([]entry, 0, len(names))
	for _, n := range names {
		key := folder + n.Name()
		if n.IsDir() {
			key += "/"
		}
		entries = append(entries, entry{key, n.Type()})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	return entries, err
}

// clean reports whether a key has one spelling only: no empty segment, no "."
// and no "..".
func clean(key string) bool {
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return false
		}
	}
	return true
}

// errPassOver marks entries that are no file of the folder, or no longer.
var errPassOver = errors.New("pass over")

// object describes a file, or says why it can't be read.
func (f *Folder) object(root *os.Root, e entry) (Object, error) {
	object := Object{Key: e.key, URI: f.uri(e.key)}
	path := filepath.FromSlash(e.key)
	info, err := root.Stat(path)
	switch {
	case e.kind&fs.ModeSymlink != 0 && err != nil:
		return object, fmt.Errorf("read %s: a symbolic link that leads nowhere or out of the folder: %w", object.URI, err)
	case errors.Is(err, fs.ErrNotExist):
		return object, errPassOver // removed since its folder was read
	case err != nil:
		return object, fmt.Errorf("read %s: %w", object.URI, err)
	case !info.Mode().IsRegular():
		return object, errPassOver
	}
	object.ETag, object.Size, object.Modified = fileETag(info), info.Size(), info.ModTime()
	return object, nil
}

// fileETag changes whenever a file is written, as far as its times tell.
func fileETag(info fs.FileInfo) string {
	return fmt.Sprintf("%x-%x", info.Size(), info.ModTime().UnixNano())
}
