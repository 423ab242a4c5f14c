package main

import (
	"errors"
	"fmt"
)

// Outcome of a step, and of the whole (V1).
type Outcome string

const (
	passed        Outcome = "passed"
	failed        Outcome = "failed"
	indeterminate Outcome = "indeterminate"
	skipped       Outcome = "skipped"
)

// Step is one line of the report.
type Step struct {
	Name    string  `json:"step"`
	Outcome Outcome `json:"outcome"`
	Says    string  `json:"says"`
}

// Report is what a file comes to. Unread is what it says where there are no steps: the file could not be read at all.
type Report struct {
	Steps  []Step `json:"steps"`
	Unread string `json:"unread,omitempty"`
}

func (r *Report) add(name string, outcome Outcome, says string) {
	r.Steps = append(r.Steps, Step{name, outcome, says})
}

// tell adds a step that is passed unless there is an error, whose outcome is that of the error.
func (r *Report) tell(name string, err error) Outcome {
	if err == nil {
		r.add(name, passed, "")
		return passed
	}
	outcome := outcomeOf(err)
	r.add(name, outcome, err.Error())
	return outcome
}

// Outcome of the whole (V1).
func (r *Report) Outcome() Outcome {
	if r.Unread != "" {
		return indeterminate
	}
	worst := passed
	for _, step := range r.Steps {
		switch step.Outcome {
		case failed:
			return failed
		case indeterminate:
			worst = indeterminate
		}
	}
	return worst
}

func exitCode(outcome Outcome) int {
	return map[Outcome]int{passed: 0, failed: 1, indeterminate: 2}[outcome]
}

// broken says which rule does not hold, and what that makes of the step.
type broken struct {
	outcome Outcome
	says    string
}

func (b *broken) Error() string { return b.says }

func breaks(rule, format string, values ...any) error {
	return &broken{failed, rule + ": " + fmt.Sprintf(format, values...)}
}

func cannotTell(format string, values ...any) error {
	return &broken{indeterminate, fmt.Sprintf(format, values...)}
}

func nothing(format string, values ...any) error {
	return &broken{skipped, fmt.Sprintf(format, values...)}
}

func outcomeOf(err error) Outcome {
	if err == nil {
		return passed
	}
	var found *broken
	if errors.As(err, &found) {
		return found.outcome
	}
	return failed
}
