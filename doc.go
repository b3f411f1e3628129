// Package configtrail is the vocabulary of the product: what AWS Config
// delivers, what changed, who did it, and what is not known.
//
// It holds values and pure functions only and imports nothing but the standard
// library, so every other package may import it. The words are AWS Config's
// own where it has one: a configuration item is the state of one resource at
// one capture time; a delivery is one object that AWS Config wrote to S3. Where
// it has none, docs/design.md defines the word: a change is the step between
// two neighbouring, different items of one resource, and an edit is one
// property path that differs.
package configtrail
