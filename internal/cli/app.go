package cli

import (
	"fmt"
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
}

// newApp finds the language first, as help and usage errors need it before any
// flag is parsed.
func newApp(env Environment) *app {
	a := &app{Environment: env, zone: time.UTC}
	lang := earlyFlag(env.Args, "lang")
	set, err := settings.Load(settings.Options{Getenv: env.Getenv, File: earlyFlag(env.Args, "config"), Flags: flagOf("lang", lang)})
	if err != nil {
		set, _ = settings.Load(settings.Options{Getenv: func(name string) string {
			if strings.HasPrefix(name, "CONFIGTRAIL_") || strings.HasPrefix(name, "XDG_") || name == "HOME" {
				return ""
			}
			return env.Getenv(name)
		}})
	}
	if a.p, err = message.New(set.Lang); err != nil {
		a.p, _ = message.New(string(message.English))
	}
	return a
}

func flagOf(name, value string) map[string]string {
	if value == "" {
		return nil
	}
	return map[string]string{name: value}
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
		Args:              usageArgs(cobra.NoArgs),
		PersistentPreRunE: a.load,
		RunE:              func(c *cobra.Command, _ []string) error { return c.Help() },
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return a.usage(err) })
	a.globalFlags(root.PersistentFlags())
	root.AddCommand(
		a.initCommand(), a.ingestCommand(), a.reportCommand(), a.changesCommand(), a.timelineCommand(), a.diffCommand(),
		a.atCommand(), a.queryCommand(), a.doctorCommand(), a.compactCommand(), a.demoCommand(), a.versionCommand(),
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
		case "model":
			// Comes with the model.
		default:
			flags.String(name, "", a.t("flag."+name))
		}
	}
	flags.BoolVar(&a.quiet, "quiet", false, a.t("flag.quiet"))
}

// load reads the settings once the flags are known.
func (a *app) load(command *cobra.Command, _ []string) error {
	given := map[string]string{}
	for _, name := range settings.Flags() {
		if flag := command.Flags().Lookup(name); flag != nil && flag.Changed {
			given[name] = flag.Value.String()
		}
	}
	file, _ := command.Flags().GetString("config")
	set, err := settings.Load(settings.Options{Getenv: a.Getenv, File: file, Flags: given})
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(set.TZ)
	if err != nil {
		return fmt.Errorf("%w: time zone %q: %w", configtrail.ErrInvalid, set.TZ, err)
	}
	a.set, a.zone = set, zone
	a.p, err = message.New(set.Lang)
	return err
}

// t is a message without arguments.
func (a *app) t(key string) string { return a.p.Text(key, nil) }

// usage marks an error as one of usage.
func (a *app) usage(err error) error { return fmt.Errorf("%w: %w", errUsage, err) }

// usageArgs marks what a check of arguments says as an error of usage.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return fmt.Errorf("%w: %w", errUsage, err)
		}
		return nil
	}
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
			c.Short = a.t("cli.help.short")
		case "completion":
			c.Short = a.t("cli.completion.short")
			for _, shell := range c.Commands() {
				shell.Short = a.p.Text("cli.completion.shell", message.Args{"shell": shell.Name()})
			}
		}
		c.InitDefaultHelpFlag()
		if flag := c.Flags().Lookup("help"); flag != nil {
			flag.Usage = a.t("flag.help")
		}
	}
	root.InitDefaultHelpFlag()
	root.Flags().Lookup("help").Usage = a.t("flag.help")
}
