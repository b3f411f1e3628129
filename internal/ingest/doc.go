// Package ingest brings deliveries into the lake, once each, and derives the
// ledger of changes from what they hold.
//
// Deliveries come in any order, more than once, late, or not at all; a run may
// be killed at any point. Two properties make that harmless. An item is known
// by its content, so reading an object again adds nothing. And the row that
// says "this object is in" is committed after the items it holds and names the
// groups of resources whose ledger has to be looked at again; deriving compares
// the ledger these groups should have with the one they have and writes the
// difference, so that doing it again writes nothing.
package ingest
