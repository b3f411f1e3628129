// Package e2e has no code but its tests: the whole product against real servers,
// from deliveries in S3 to the answer that a person reads. It runs under
// `make e2e` and is skipped where the servers are not there.
package e2e
