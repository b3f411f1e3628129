package cli

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"configtrail"
	"configtrail/internal/message"
	"configtrail/internal/settings"
)

// app is one run of the command.
type app struct {
	Environment
	p     message.Printer
	set   settings.Settings
	zone  *time.Location
	quiet bool
	fail  []string // --fail-on

	defaults map[string]string // of settings, where a command has its own
	given    map[string]bool   // settings that a person set, by flag

	dryRun bool // statements are shown and not run
}

// newApp finds the language first, as help and usage errors need it before any
// flag is parsed.
func newApp(env Environment) *app {
	a := &app{Environment: env, zone: time.UTC}
	lang := map[string]string{}
	if given := earlyFlag(env.Args, "lang"); given != "" {
		lang["lang"] = given
	}
	set, err := settings.Load(settings.Options{Getenv: env.Getenv, File: earlyFlag(env.Args, "config"), Flags: lang})
	if err != nil { // what is wrong is told later, in the language that the rest tells
		set, err = settings.Load(settings.Options{Getenv: func(name string) string {
			switch name {
			case "CONFIGTRAIL_LANG", "LC_ALL", "LC_MESSAGES", "LANG":
				return env.Getenv(name)
			case "CONFIGTRAIL_LAKE":
				return os.DevNull // anything, as there is no home for a lake
			}
			return ""
		}, Flags: lang})
	}
	if err != nil {
		set.Lang = string(message.English)
	}
	if a.p, err = message.New(set.Lang); err != nil {
		panic(err) // the catalogues are part of this binary
	}
	return a
}

// earlyFlag is the value of --name before flags are parsed; empty where there is none.
func earlyFlag(args []string, name string) string {
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if value, ok := strings.CutPrefix(arg, "--"+name+"="); ok {
			return value
		}
		if arg == "--"+name && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}

// root is the command with all others below it.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:               "configtrail",
		Short:             a.t("cli.root.short"),
		Long:              a.t("cli.root.long"),
		SilenceErrors:     true,
		SilenceUsage:      true,
		Args:              a.knownCommand,
		PersistentPreRunE: a.load,
		RunE:              func(c *cobra.Command, _ []string) error { return c.Help() },
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return flagProblem(err) })
	a.globalFlags(root.PersistentFlags())
	root.AddCommand(
		a.initCommand(), a.ingestCommand(), a.reportCommand(), a.changesCommand(), a.timelineCommand(), a.diffCommand(),
		a.atCommand(), a.queryCommand(), a.doctorCommand(), a.compactCommand(), a.callCommand(), a.serveCommand(), a.demoCommand(), a.versionCommand(),
		a.childCommand(), a.docsCommand(),
	)
	a.translate(root)
	return root
}

// globalFlags are the flags that every command has.
func (a *app) globalFlags(flags *pflag.FlagSet) {
	flags.String("config", "", a.t("flag.config"))
	for _, name := range settings.Flags() {
		switch name {
		case "path-style", "request-payer":
			flags.Bool(name, false, a.t("flag."+name))
		case "raw-table":
			flags.StringSlice(name, nil, a.t("flag."+name))
		default:
			flags.String(name, "", a.t("flag."+name))
		}
	}
	flags.BoolVar(&a.quiet, "quiet", false, a.t("flag.quiet"))
	flags.BoolVar(&a.dryRun, "dry-run", false, a.t("flag.dry-run"))
}

// load reads the settings once the flags are known.
func (a *app) load(command *cobra.Command, _ []string) error {
	given := map[string]string{}
	for _, name := range settings.Flags() {
		if flag := command.Flags().Lookup(name); flag != nil && flag.Changed {
			given[name] = flag.Value.String()
			if list, ok := flag.Value.(pflag.SliceValue); ok {
				given[name] = strings.Join(list.GetSlice(), ",")
			}
		}
	}
	file, _ := command.Flags().GetString("config")
	a.given = map[string]bool{}
	set, err := settings.Load(settings.Options{
		Getenv: a.Getenv, File: file, Flags: given, Defaults: a.defaults, Given: func(flag string) { a.given[flag] = true },
	})
	if err != nil {
		return settingsProblem(err)
	}
	zone, err := time.LoadLocation(set.TZ)
	if err != nil {
		return fmt.Errorf("%w: time zone %q: %w", configtrail.ErrInvalid, set.TZ, err)
	}
	a.set, a.zone = set, zone
	a.p, err = message.New(set.Lang)
	if err != nil {
		return err
	}
	return a.variables(command)
}

// variables are the environment's values for flags that set no setting. A format
// that this command does not have is passed over: the variable is for all of them.
func (a *app) variables(command *cobra.Command) error {
	for _, name := range []string{"quiet", "format", "since", "until", "retry", "dry-run", "allow-ad-hoc", "auth", "queue", "prices"} {
		flag, value := command.Flags().Lookup(name), a.Getenv(settings.EnvName(name))
		if flag == nil || flag.Changed || value == "" {
			continue
		}
		if name == "format" && !slices.Contains(flag.Annotations[formats], value) {
			continue
		}
		if err := flag.Value.Set(value); err != nil {
			return invalid("variable", message.Args{"name": settings.EnvName(name), "value": value})
		}
	}
	return nil
}

// t is a message without arguments.
func (a *app) t(key string) string { return a.p.Text(key, nil) }

// exactly checks that a command has an argument for each name.
func exactly(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, given []string) error {
		switch {
		case len(given) < len(names):
			return misused("argument_missing", message.Args{"name": names[len(given)]})
		case len(given) > len(names):
			return misused("argument_extra", message.Args{"text": given[len(names)]})
		}
		return nil
	}
}

// knownCommand tells of a command that does not exist, and which is near to it.
func (a *app) knownCommand(root *cobra.Command, given []string) error {
	if len(given) == 0 {
		return nil
	}
	root.SuggestionsMinimumDistance = min(2, len(given[0])/3)
	near := root.SuggestionsFor(given[0])
	if len(near) == 0 {
		return misused("command", message.Args{"text": given[0]})
	}
	return misused("command_near", message.Args{"text": given[0], "near": strings.Join(near, ", ")})
}

// translate puts the words that cobra itself prints into the person's language.
func (a *app) translate(root *cobra.Command) {
	root.SetUsageTemplate(strings.NewReplacer(
		"Usage:", a.t("cli.help.usage"),
		"Aliases:", a.t("cli.help.aliases"),
		"Examples:", a.t("cli.help.examples"),
		"Available Commands:", a.t("cli.help.commands"),
		"Additional Commands:", a.t("cli.help.commands"),
		"Flags:", a.t("cli.help.flags"),
		"Global Flags:", a.t("cli.help.global"),
		`Use "{{.CommandPath}} [command] --help" for more information about a command.`, a.t("cli.help.more"),
	).Replace(root.UsageTemplate()))
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Short, c.Long = a.t("cli.help.short"), ""
		case "completion":
			c.Short, c.Long = a.t("cli.completion.short"), ""
			for _, shell := range c.Commands() {
				a.translateShell(shell)
			}
		}
		a.translateHelpFlag(c)
	}
	a.translateHelpFlag(root)
}

func (a *app) translateHelpFlag(c *cobra.Command) {
	c.InitDefaultHelpFlag()
	if flag := c.Flags().Lookup("help"); flag != nil {
		flag.Usage = a.t("flag.help")
	}
}

// translateShell says how the completion of a shell is put to use.
func (a *app) translateShell(c *cobra.Command) {
	use := map[string]string{
		"bash":       "  source <(configtrail completion bash)\n  configtrail completion bash > ~/.local/share/bash-completion/completions/configtrail",
		"zsh":        "  source <(configtrail completion zsh)\n  configtrail completion zsh > \"${fpath[1]}/_configtrail\"",
		"fish":       "  configtrail completion fish | source\n  configtrail completion fish > ~/.config/fish/completions/configtrail.fish",
		"powershell": "  configtrail completion powershell | Out-String | Invoke-Expression",
	}
	c.Short = a.p.Text("cli.completion.shell", message.Args{"shell": c.Name()})
	c.Long, c.Example = a.t("cli.completion."+c.Name()), use[c.Name()]
	if flag := c.Flags().Lookup("no-descriptions"); flag != nil {
		flag.Usage = a.t("cli.completion.plain")
	}
	a.translateHelpFlag(c)
}
