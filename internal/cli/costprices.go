package cli

import (
	"errors"
	"os"

	"configtrail"
	"configtrail/internal/message"
	"configtrail/internal/price"
)

// pricesJSON says of which day an estimate's prices are, and how far they can be trusted.
type pricesJSON struct {
	price.Book
	File string `json:"file"` // that overrode some; "" where none did
}

func pricesOf(book price.Book, file string) pricesJSON { return pricesJSON{book, file} }

// priceBook is the built-in prices with those of a file over them.
func (a *app) priceBook(path string) (price.Book, error) {
	book, err := price.New()
	if err != nil || path == "" {
		return book, err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return book, &configtrail.Problem{Key: "no_prices", Args: message.Args{"file": path}, Err: errors.Join(configtrail.ErrNotFound, err)}
	}
	if err == nil {
		book, err = book.Over(text)
	}
	if err != nil {
		return book, &configtrail.Problem{Key: "prices", Args: message.Args{"file": path, "what": detail(err)}, Err: errors.Join(configtrail.ErrInvalid, err)}
	}
	return book, nil
}
