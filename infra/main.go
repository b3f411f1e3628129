// Command infra makes the CloudFormation stack of a deployment of configtrail out
// of one settings file. Under the cdk command, which starts it by cdk.json, it
// leaves an assembly with the functions' code; with -template it writes a plain
// template, which needs neither CDK nor its bootstrap where it is deployed.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"configtrail/infra/settings"
	"configtrail/infra/stack"
)

func main() {
	code := 0
	if err := run(os.Args[1:], os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	jsii.Close()
	os.Exit(code)
}

func run(args []string, getenv func(string) string) error {
	flags := flag.NewFlagSet("infra", flag.ContinueOnError)
	file := flags.String("settings", cmp.Or(getenv("CONFIGTRAIL_SETTINGS"), "configtrail.yaml"), "the settings file")
	template := flags.String("template", "", "write a plain template to this file, in place of an assembly for cdk")
	dist := flags.String("dist", filepath.Join("..", "dist"), "the folder that `make functions` fills")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s, err := settings.Load(*file)
	if err != nil {
		return err
	}
	if *template != "" {
		text, err := stack.Template(s)
		if err != nil {
			return err
		}
		return os.WriteFile(*template, text, 0o644)
	}
	for _, name := range []string{stack.AnswerZip, stack.IngestZip} {
		if _, err := os.Stat(filepath.Join(*dist, name)); err != nil {
			return fmt.Errorf("%w: run make functions in the folder above first", err)
		}
	}
	app := awscdk.NewApp(nil)
	stack.New(app, s, stack.Options{Dist: *dist})
	app.Synth(nil)
	return nil
}
