// Package anomaly points out what is abnormal in a month, without a model.
//
// Two kinds of detector look at it. Detectors over counts (burst, delete-wave)
// hold the number of changes of an account, region and type against what was
// usual there before. Rules (rule.1, rule.2, …) look at one change, the state
// before it and the state after it, and fire on the edge: what they warn of is
// true after the change and was not before.
//
// Each claim is a configtrail.Finding: one line in the reader's language with
// the figures it rests on, and the changes that are its evidence. Everything in
// a state is text that somebody else chose. What a rule can't read gives no
// finding and no error, names are made visible before they are shown.
//
// What each detector finds, how, and what it can't see stands in docs/findings.md.
package anomaly
