package ingest

import (
	"context"

	"configtrail"
	"configtrail/internal/blob"
	"configtrail/internal/lake"
)

// examples is how many unknown objects a survey names.
const examples = 10

// Survey is what lies in a source, held against the lake.
type Survey struct {
	Source   string   `json:"source"`
	Seen     int64    `json:"seen"`
	In       int64    `json:"in"`       // read before, and unchanged since
	New      int64    `json:"new"`      // an ingest would read them
	Ignored  int64    `json:"ignored"`  // digests, checks of access, other services' logs
	Archived int64    `json:"archived"` // can't be read without a restore
	Unknown  int64    `json:"unknown"`  // neither Config nor CloudTrail by their name
	Examples []string `json:"examples"` // keys of a few unknown ones
}

// Examine lists sources and says what of them is in the lake. It reads no object.
func Examine(ctx context.Context, l *lake.Lake, sources []blob.Bucket) ([]Survey, error) {
	r := newRun(Options{Lake: l, Sources: sources})
	if err := r.loadDeliveries(ctx); err != nil {
		return nil, err
	}
	all := []Survey{}
	for _, bucket := range sources {
		s := Survey{Source: bucket.URI(), Examples: []string{}}
		for object, err := range list(ctx, bucket, Filter{}) {
			if err != nil {
				return nil, err
			}
			s.Seen++
			known, in := r.known[hashOf(object.object.URI)]
			switch {
			case object.object.Archived:
				s.Archived++
			case in && known.etag == hashOf(object.object.ETag):
				s.In++
			case object.wanted():
				s.New++
			case object.key.Kind == configtrail.KindOther:
				s.Unknown++
				if len(s.Examples) < examples {
					s.Examples = append(s.Examples, object.object.Key)
				}
			default:
				s.Ignored++
			}
		}
		all = append(all, s)
	}
	return all, nil
}
