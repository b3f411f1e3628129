package settings

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"configtrail"
)

var (
	//go:embed example_en.yaml
	exampleEnglish string
	//go:embed example_ja.yaml
	exampleJapanese string
)

// Example is a settings file that sets nothing and explains everything, in
// Japanese for "ja", else in English.
func Example(lang string) string {
	if lang == "ja" {
		return exampleJapanese
	}
	return exampleEnglish
}

// DefaultFile is where Load looks for a file that nobody named, or "" where
// there is no home.
func DefaultFile(getenv func(string) string) string {
	if dir := configDir(getenv); dir != "" {
		return filepath.Join(dir, "configtrail", FileName)
	}
	return ""
}

// WriteExample makes the file at path with Example, readable by its owner
// only, and the folders on the way. A file that is there is left as it is and
// is an error.
func WriteExample(path, lang string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		err := fmt.Errorf("%w: there is a settings file at %s already: %w", configtrail.ErrInvalid, path, err)
		return configtrail.WithHint(err, "edit it, or name another one with --config")
	}
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	_, err = file.WriteString(Example(lang))
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write settings %s: %w", path, err)
	}
	return nil
}
