// Package diff says whether two states of a resource differ, and where.
//
// The state of an item is its configuration, supplementary configuration, tags
// and relationships. [Canonical] writes it in one spelling, so that equal states
// are equal bytes, and [Hash] is a keyed hash of those bytes. [Edits] compares
// two states property by property, as a reviewer would: it looks into JSON that
// lies in strings, pairs the elements of lists that have no order, and leaves
// out what is no difference. [Classify] tells a change that says nothing to a
// person from one that does.
//
// Which lists have no order is data (lists.go), and so is what counts as noise
// (noise.go), each line with its reason.
//
// Everything here takes hostile input: JSON nested too deep, broken or not
// UTF-8 is an error, and no list makes the work grow with its square.
package diff
