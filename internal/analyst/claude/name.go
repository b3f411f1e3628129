package claude

import (
	"fmt"
	"strings"

	"configtrail"
)

// The forms of a model's name.
var (
	atAnthropic = configtrail.Pattern(`^claude-[a-z0-9][a-z0-9.-]{0,80}$`)
	onBedrock   = configtrail.Pattern(`^(?:[a-z]{2,6}(?:-gov)?\.)?anthropic\.claude-[A-Za-z0-9.:-]{1,100}$`)
	profileARN  = configtrail.Pattern(`^arn:aws[a-z-]*:bedrock:[a-z0-9-]+:[0-9]*:(?:inference-profile|application-inference-profile|foundation-model|provisioned-model|custom-model-deployment)/[A-Za-z0-9.:/_-]{1,200}$`)
)

// inJapan are the regions from which an id without a prefix is asked of the
// profile that keeps requests within Japan. No other prefix is ever added:
// whether text may leave a country is for people to say.
var inJapan = map[string]bool{"ap-northeast-1": true, "ap-northeast-3": true}

// OnBedrock reports whether a name is one of a model on Bedrock, for which
// Options needs a configuration of AWS instead of a key.
func OnBedrock(name string) bool {
	_, bedrock, err := parse(name, "")
	return err == nil && bedrock
}

// parse is the name by which a service knows a model, and whether that service
// is Bedrock.
func parse(name, region string) (model string, bedrock bool, err error) {
	id, named := strings.CutPrefix(name, "bedrock:")
	switch {
	case !named && atAnthropic().MatchString(name):
		return name, false, nil
	case onBedrock().MatchString(id):
		if strings.HasPrefix(id, "anthropic.") && inJapan[region] {
			id = "jp." + id
		}
		return id, true, nil
	case profileARN().MatchString(id):
		return id, true, nil
	}
	shown := configtrail.Visible(name)
	return "", false, &configtrail.Problem{Key: "model.name", Args: map[string]any{"model": shown},
		Err: fmt.Errorf("%w: %q is no model of Claude; there are claude-… and bedrock:ID", configtrail.ErrInvalid, shown)}
}
