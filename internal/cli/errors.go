package cli

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"configtrail"
	"configtrail/internal/message"
)

// exitCode maps errors to the contract, once for this surface.
func exitCode(err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errTouched):
		return exitTouched
	case errors.Is(err, configtrail.ErrOverBudget):
		return exitOverBudget
	case errors.Is(err, configtrail.ErrNotFound):
		return exitNotFound
	case errors.Is(err, configtrail.ErrInvalid), errors.Is(err, configtrail.ErrRefused),
		errors.Is(err, configtrail.ErrConflict), errors.Is(err, errUsage):
		return exitInvalid
	}
	return exitFailed
}

// errUsage marks what is wrong with flags, arguments and commands themselves.
var errUsage = errors.New("wrong usage")

// invalid is a Problem with what a person typed.
func invalid(key string, values message.Args) error {
	return &configtrail.Problem{Key: key, Args: values, Err: fmt.Errorf("%w: %s", configtrail.ErrInvalid, key)}
}

// misused is a Problem with how the command was called; its next step is the help.
func misused(key string, values message.Args) error {
	return &configtrail.Problem{Key: key, Args: values, Err: fmt.Errorf("%w: %s", errUsage, key)}
}

// told makes an error a Problem whose text is the error's own, behind a lead in
// the person's language. A Problem stays as it is.
func told(key string, err error) error {
	var problem *configtrail.Problem
	if err == nil || errors.As(err, &problem) {
		return err
	}
	return &configtrail.Problem{Key: key, Args: message.Args{"what": detail(err)}, Err: err}
}

// detail is what an error says, without the kind of error in front, which the lead tells.
func detail(err error) []string {
	text := err.Error()
	for _, kind := range kinds() {
		if errors.Is(err, kind.sentinel) {
			text = strings.Replace(strings.TrimSuffix(text, ": "+kind.sentinel.Error()), kind.sentinel.Error()+": ", "", 1)
			break
		}
	}
	return []string{text}
}

type kind struct {
	sentinel error
	key      string
}

// kinds are the leads of errors that are no Problem, most telling first.
func kinds() []kind {
	return []kind{
		{configtrail.ErrNotFound, "not_found"}, {configtrail.ErrRefused, "refused"}, {configtrail.ErrConflict, "conflict"},
		{configtrail.ErrOverBudget, "over_budget"}, {configtrail.ErrTooLarge, "too_large"}, {configtrail.ErrInvalid, "invalid"},
	}
}

// explain writes an error for a person: what happened, and below it what to do.
func (a *app) explain(err error) {
	if err == nil || errors.Is(err, errTouched) || errors.Is(err, syscall.EPIPE) {
		return
	}
	said, next := a.problem(err)
	fmt.Fprintf(a.Stderr, "configtrail: %s\n", said)
	if next != "" {
		fmt.Fprintln(a.Stderr, a.p.Text("cli.hint", message.Args{"next": next}))
	}
}

// problem is an error's sentence and its next step. Whatever it holds of data
// and of what was typed is made visible.
func (a *app) problem(err error) (said, next string) {
	var problem *configtrail.Problem
	if !errors.As(err, &problem) {
		problem = &configtrail.Problem{Key: "other", Args: message.Args{"what": detail(err)}, Err: err}
		for _, kind := range kinds() {
			if errors.Is(err, kind.sentinel) {
				problem.Key = kind.key
				break
			}
		}
	}
	values := message.Args{}
	for name, value := range problem.Args {
		values[name] = a.visible(value)
	}
	said = a.p.Text("error."+problem.Key, values)
	var hint *configtrail.Hint
	switch {
	case a.p.Has("hint." + problem.Key):
		next = a.p.Text("hint."+problem.Key, values)
	case errors.As(err, &hint):
		next = a.phrase(configtrail.Visible(hint.Next))
	case errors.Is(err, errUsage):
		next = a.t("cli.usage_hint")
	}
	return said, next
}

// visible makes a text safe to show on one line, and a list of texts on a line each.
func (a *app) visible(value any) any {
	switch v := value.(type) {
	case string:
		return configtrail.Visible(v)
	case []string:
		lines := make([]string, len(v))
		for i := range v {
			lines[i] = a.phrase(configtrail.Visible(v[i]))
		}
		return strings.Join(lines, "\n  ")
	}
	return value
}

// flagProblem tells what pflag says of a flag in the person's language.
func flagProblem(err error) error {
	var unknown *pflag.NotExistError
	var empty *pflag.ValueRequiredError
	var bad *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		return misused("flag_unknown", message.Args{"flag": "-" + unknown.GetSpecifiedName()})
	case errors.As(err, &unknown):
		return misused("flag_unknown", message.Args{"flag": "--" + unknown.GetSpecifiedName()})
	case errors.As(err, &empty):
		return misused("flag_empty", message.Args{"flag": "--" + empty.GetSpecifiedName()})
	case errors.As(err, &bad):
		return misused("flag_value", message.Args{"flag": "--" + bad.GetFlag().Name, "value": bad.GetValue()})
	}
	return &configtrail.Problem{Key: "other", Args: message.Args{"what": detail(err)}, Err: fmt.Errorf("%w: %w", errUsage, err)}
}

// settingsProblem tells what is wrong with the settings, a line each.
func settingsProblem(err error) error {
	if errors.Is(err, configtrail.ErrNotFound) {
		return told("no_settings", err)
	}
	lines := strings.Split(detail(err)[0], "\n") // of a file, which tells of all that is wrong at once
	return &configtrail.Problem{Key: "settings", Args: message.Args{"what": lines}, Err: err}
}

// queryProblem tells what is wrong with a statement.
func queryProblem(err error) error {
	switch {
	case errors.Is(err, configtrail.ErrRefused):
		return told("query_refused", err)
	case errors.Is(err, configtrail.ErrInvalid):
		return told("query_invalid", err)
	case errors.Is(err, configtrail.ErrTooLarge):
		return told("query_too_large", err)
	}
	return err
}
