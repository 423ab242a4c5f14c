// Verifies the evidence of notigateway, by its specification (docs/verifying.md) alone.
//
//	verifier-go --trust DIR [--at INSTANT] [--require-level T|LT|LTA] [--require-witnesses] [--without-form] [--request FILE] [--algorithms FILE] [--json] FILE
//	verifier-go vectors FOLDER
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

// What is wrong with the call or the trust folder: nothing can be told.
const usage = 2

func main() {
	if len(os.Args) > 1 && os.Args[1] == "vectors" {
		os.Exit(runVectors(os.Args[2:], os.Stdout, os.Stderr))
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(arguments []string, out, trouble io.Writer) int {
	flags := flag.NewFlagSet("verifier-go", flag.ContinueOnError)
	flags.SetOutput(trouble)
	folder := flags.String("trust", "", "the trust folder")
	at := flags.String("at", "", "the instant as of which it is verified; now, if none is given")
	level := flags.String("require-level", "", "T, LT or LTA")
	witnesses := flags.Bool("require-witnesses", false, "cosignatures are required")
	request := flags.String("request", "", "the signed request")
	table := flags.String("algorithms", "", "a table of algorithms")
	withoutForm := flags.Bool("without-form", false, "leave the PDF of a bundle alone")
	asJSON := flags.Bool("json", false, "print JSON")
	files, err := parse(flags, arguments)
	if err != nil {
		return usage
	}
	if len(files) != 1 || *folder == "" {
		fmt.Fprintln(trouble, "a trust folder and one file are needed")
		return usage
	}
	with, err := readOptions(*folder, *at, *level, *request, *table)
	if err != nil {
		fmt.Fprintln(trouble, err)
		return usage
	}
	with.requireWitnesses, with.withoutForm = *witnesses, *withoutForm
	file, err := readLimited(files[0])
	if err != nil {
		fmt.Fprintln(trouble, err)
		return usage
	}
	report := verify(file, with)
	if *asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", " ")
		encoder.Encode(map[string]any{"outcome": report.Outcome(), "at": shown(with.at), "steps": report.Steps, "says": report.Unread})
	} else {
		for _, step := range report.Steps {
			fmt.Fprintf(out, "%-20s %-14s %s\n", step.Name, step.Outcome, step.Says)
		}
		fmt.Fprintf(out, "%s %s\n", report.Outcome(), report.Unread)
	}
	return exitCode(report.Outcome())
}

// parse reads options before and behind the files, and returns the files; behind `--` there are files alone.
func parse(flags *flag.FlagSet, arguments []string) ([]string, error) {
	var files []string
	for {
		if err := flags.Parse(arguments); err != nil {
			return nil, err
		}
		rest := flags.Args()
		if len(rest) == 0 {
			return files, nil
		}
		if read := len(arguments) - len(rest); read > 0 && arguments[read-1] == "--" {
			return append(files, rest...), nil
		}
		files, arguments = append(files, rest[0]), rest[1:]
	}
}

func readOptions(folder, at, level, request, table string) (options, error) {
	made := options{at: time.Now().UTC(), slack: clocksDiffer, table: ordinaryAlgorithms(), level: level}
	if level != "" && level != "T" && level != "LT" && level != "LTA" {
		return made, fmt.Errorf("%q is no level", level)
	}
	var err error
	if at != "" {
		made.slack = 0
		if made.at, err = time.Parse(time.RFC3339Nano, at); err != nil {
			return made, err
		}
	}
	if made.trust, err = readTrust(folder); err != nil {
		return made, err
	}
	if request != "" {
		if made.request, err = readLimited(request); err != nil {
			return made, err
		}
	}
	if table != "" {
		made.table, err = readAlgorithms(table)
	}
	return made, err
}

// readLimited reads a file, of a too large one just so much that it is seen (V5).
func readLimited(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxFile+1))
}
