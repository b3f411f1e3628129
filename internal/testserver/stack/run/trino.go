//go:build unix

package main

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"text/template"

	"configtrail/internal/testserver/trino"
)

// etc holds Trino's settings for a machine that has better things to do: little
// memory, and of the JVM's compilers the quick one only, which halves the
// processor time of a run of tests.
//
//go:embed etc
var etc embed.FS

// trinoSettings fills the templates of etc.
type trinoSettings struct {
	Port, Data           string
	S3, Glue             string
	AccessKey, SecretKey string
	Region               string
}

// configure writes Trino's settings into a folder.
func configure(dir string, settings trinoSettings) error {
	templates, err := template.ParseFS(etc, "etc/*.properties", "etc/*.config")
	if err != nil {
		return err
	}
	for name, under := range map[string]string{
		"config.properties": "", "node.properties": "", "jvm.config": "", "log.properties": "",
		"lake.properties": "catalog", "raw.properties": "catalog",
	} {
		path := filepath.Join(dir, under, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		if err := templates.ExecuteTemplate(file, name, settings); err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
	return nil
}

// trinoHome is the unpacked server: $TRINO_HOME, or where scripts/trino puts it.
func trinoHome() (string, error) {
	home := os.Getenv("TRINO_HOME")
	if home == "" {
		cache := os.Getenv("XDG_CACHE_HOME")
		if cache == "" {
			cache = filepath.Join(os.Getenv("HOME"), ".cache")
		}
		home = filepath.Join(cache, "configtrail-tools", "trino-476")
	}
	if _, err := os.Stat(filepath.Join(home, "bin", "launcher")); err != nil {
		return "", absentError(fmt.Sprintf("no Trino in %s: run scripts/trino, or set TRINO_HOME", home))
	}
	return home, nil
}

// trinoReady says whether a Trino answers and has finished starting.
func trinoReady(url string) bool {
	response, err := quick.Get(url + "/v1/info")
	if err != nil {
		return false
	}
	defer response.Body.Close()
	var info struct{ Starting bool }
	return response.StatusCode == http.StatusOK && json.NewDecoder(response.Body).Decode(&info) == nil && !info.Starting
}

// warm runs a first query in each catalog, which loads what later ones need.
func warm(url string) error {
	for _, sql := range []string{"SHOW SCHEMAS FROM lake", "SHOW SCHEMAS FROM raw"} {
		if _, _, err := (trino.Query{URL: url, SQL: sql}).Run(context.Background()); err != nil {
			return fmt.Errorf("run %s on Trino: %w", sql, err)
		}
	}
	return nil
}
