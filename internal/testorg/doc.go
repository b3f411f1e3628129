// Package testorg makes up an organisation: what AWS Config and CloudTrail
// would deliver to its bucket, and the truth about what changed.
//
// A simulation lets resources be created, changed and deleted by people,
// pipelines and services, lets recorders capture them, and writes the captures
// as the objects of a bucket, with everything that real buckets do to a reader:
// repeated, late, lost and broken deliveries, one state in many spellings,
// recorders that stop, types that come and go. The simulation knows what it
// changed and which of its captures reached the bucket. From that, and never
// from the bytes it wrote, it tells the Truth: what somebody who reads every
// object by the ledger's rules can know.
//
// The organisation serves the demo command, tests and benchmarks. It shares no
// code with what reads deliveries, so a mistake cannot be made twice.
package testorg
