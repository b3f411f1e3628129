package diff

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// member is the span in writer.out of one member of an open object.
type member struct {
	prefix uint64 // the first eight bytes of the key: settles most comparisons
	start  uint32 // of the key's opening quote
	key    uint32 // behind the key's closing quote
	end    uint32 // behind the value; 0 where the value is empty
}

// maxLength is how long a document may be: what the offsets of member can
// count, in a buffer that holds the output twice while it is put into order.
const maxLength = 1 << 30

// closeObject puts the members from base on into order, drops the empty and the
// overridden ones, and writes the closing brace. start is where the object began.
func (w *writer) closeObject(start, base int) (empty bool) {
	members := w.members[base:]
	w.members = w.members[:base]
	tidy := true
	for i, m := range members {
		if m.end == 0 || i > 0 && w.compare(members[i-1], m) >= 0 {
			tidy = false
			break
		}
	}
	if tidy {
		w.out = append(w.out, '}')
		return false
	}
	w.sort(members)
	end := len(w.out)
	w.out = append(w.out, '{')
	for i, m := range members {
		overridden := i+1 < len(members) && w.compare(m, members[i+1]) == 0
		if m.end == 0 || overridden {
			continue
		}
		if len(w.out) > end+1 {
			w.out = append(w.out, ',')
		}
		w.out = append(w.out, w.out[m.start:m.end]...)
	}
	w.out = append(w.out, '}')
	n := copy(w.out[start:], w.out[end:])
	w.out = w.out[:start+n]
	return n == 2
}

// sort is stable. Most objects have a dozen members, for which insertion by
// prefix is several times as fast as a general sort.
func (w *writer) sort(members []member) {
	if len(members) > 32 {
		slices.SortStableFunc(members, w.compare)
		return
	}
	for i := 1; i < len(members); i++ {
		m := members[i]
		at := i
		for ; at > 0; at-- {
			before := &members[at-1]
			if before.prefix < m.prefix || before.prefix == m.prefix && w.compare(*before, m) <= 0 {
				break
			}
			members[at] = *before
		}
		members[at] = m
	}
}

func (w *writer) compare(a, b member) int {
	if a.prefix != b.prefix {
		return cmp.Compare(a.prefix, b.prefix)
	}
	return bytes.Compare(w.out[a.start+1:a.key-1], w.out[b.start+1:b.key-1])
}

// prefix orders as the first eight bytes of key do. Canonical keys hold no zero
// byte, so a shorter key comes first.
func prefix(key []byte) uint64 {
	if len(key) >= 8 {
		return binary.BigEndian.Uint64(key)
	}
	var p [8]byte
	copy(p[:], key)
	return binary.BigEndian.Uint64(p[:])
}
