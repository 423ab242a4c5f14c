package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// The vectors: each is verified, and compared with what the index says.

type vector struct {
	Name             string
	File             string
	Pieces           []any
	Trust            string
	At               string
	RequireLevel     *string `json:"require_level"`
	RequireWitnesses bool    `json:"require_witnesses"`
	Request          *string
	Algorithms       *string
	Needs            []string
	Outcome          Outcome
	Steps            map[string]Outcome
	Rule             *string
}

// missing are the capabilities that this verifier has not (V3).
var missing = map[string]bool{}

func runVectors(arguments []string, out, trouble io.Writer) int {
	if len(arguments) != 1 {
		fmt.Fprintln(trouble, "the folder of the vectors is needed")
		return usage
	}
	folder := arguments[0]
	content, err := os.ReadFile(filepath.Join(folder, "vectors.json"))
	var index struct {
		Format  string
		Vectors []vector
	}
	if err == nil {
		err = json.Unmarshal(content, &index)
	}
	if err == nil && index.Format != "urn:notigateway:verification-vectors:1" {
		err = fmt.Errorf("the index is of another format")
	}
	if err != nil {
		fmt.Fprintln(trouble, err)
		return usage
	}
	differ := 0
	for _, one := range index.Vectors {
		outcome, steps, difference := one.run(folder)
		if difference == "" {
			fmt.Fprintf(out, "agrees   %-40s %-14s %d steps\n", one.Name, outcome, steps)
			continue
		}
		differ++
		fmt.Fprintf(out, "DIFFERS  %-40s %-14s %s\n", one.Name, outcome, difference)
	}
	fmt.Fprintf(out, "%d of %d vectors agree\n", len(index.Vectors)-differ, len(index.Vectors))
	if differ > 0 || len(index.Vectors) == 0 {
		return 1
	}
	return 0
}

// run returns the outcome, how many steps were compared, and the difference, if there is one.
func (v *vector) run(folder string) (Outcome, int, string) {
	path := func(name *string) string {
		if name == nil {
			return ""
		}
		return filepath.Join(folder, *name)
	}
	level := ""
	if v.RequireLevel != nil {
		level = *v.RequireLevel
	}
	with, err := readOptions(path(&v.Trust), v.At, level, path(v.Request), path(v.Algorithms))
	if len(v.Steps) == 0 {
		if err == nil || v.Outcome != indeterminate {
			return "", 0, "what it is verified with can be read."
		}
		return v.Outcome, 0, ""
	}
	if err != nil {
		return "", 0, err.Error()
	}
	with.requireWitnesses = v.RequireWitnesses
	file, err := v.bytes(folder)
	if err != nil {
		return "", 0, err.Error()
	}
	report := verify(file, with)
	return report.Outcome(), len(v.Steps), v.compare(report)
}

// bytes puts together what is verified.
func (v *vector) bytes(folder string) ([]byte, error) {
	file, err := readLimited(filepath.Join(folder, v.File))
	if err != nil || v.Pieces == nil {
		return file, err
	}
	var made []byte
	for _, piece := range v.Pieces {
		switch found := piece.(type) {
		case string:
			decoded, err := hex.DecodeString(found)
			if err != nil {
				return nil, err
			}
			made = append(made, decoded...)
		case []any:
			if len(found) != 2 {
				return nil, fmt.Errorf("a piece that is none")
			}
			place, one := found[0].(float64)
			length, two := found[1].(float64)
			if !one || !two || place < 0 || length < 0 || int(place)+int(length) > len(file) {
				return nil, fmt.Errorf("a piece that the file has not")
			}
			made = append(made, file[int(place):int(place)+int(length)]...)
		default:
			return nil, fmt.Errorf("a piece that is none")
		}
	}
	return made, nil
}

func (v *vector) compare(report *Report) string {
	lacking := false
	for _, one := range v.Needs {
		lacking = lacking || missing[one]
	}
	says := ""
	if outcome := report.Outcome(); outcome != v.Outcome && !lacking {
		says = fmt.Sprintf("the whole is %s, not %s. ", outcome, v.Outcome)
	}
	if lacking && len(report.Steps) == 0 {
		return says
	}
	for _, step := range report.Steps {
		if wanted, ok := v.Steps[step.Name]; !ok {
			says += fmt.Sprintf("%q is no step. ", step.Name)
		} else if wanted != step.Outcome && !missing[step.Name] {
			says += fmt.Sprintf("%q is %s (%s), not %s. ", step.Name, step.Outcome, step.Says, wanted)
		}
	}
	if len(report.Steps) != len(v.Steps) {
		says += fmt.Sprintf("there are %d steps, not %d. ", len(report.Steps), len(v.Steps))
	}
	return says
}
