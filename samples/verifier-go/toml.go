package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// As much of TOML as the trust folder needs: tables, and names with an instant, a text, a number, true or false, or a list of texts.

type table struct {
	name   string
	values map[string]any // time.Time, string, int64, bool, []string
}

var (
	tomlTable = regexp.MustCompile(`^\[\s*(?:"([^"\\]*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*\]\s*(?:#.*)?$`)
	tomlName  = regexp.MustCompile(`^(?:"([^"\\]*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*=\s*(.*)$`)
	tomlText  = regexp.MustCompile(`^(?:"([^"\\]*)"|'([^']*)')`)
)

// readTOML returns the tables in their order; the first has no name, and what stands before all others.
func readTOML(content string) ([]table, error) {
	found := []table{{"", map[string]any{}}}
	lines := strings.Split(content, "\n")
	for at := 0; at < len(lines); at++ {
		line := strings.TrimSpace(lines[at])
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if parts := tomlTable.FindStringSubmatch(line); parts != nil {
			name := parts[1] + parts[2] + parts[3]
			for _, one := range found[1:] {
				if one.name == name {
					return nil, fmt.Errorf("line %d: a table twice", at+1)
				}
			}
			found = append(found, table{name, map[string]any{}})
			continue
		}
		parts := tomlName.FindStringSubmatch(line)
		if parts == nil {
			return nil, fmt.Errorf("line %d cannot be read", at+1)
		}
		text := parts[4]
		for strings.HasPrefix(text, "[") && !closed(text) && at+1 < len(lines) {
			at++
			text += "\n" + lines[at]
		}
		value, err := tomlValue(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", at+1, err)
		}
		name, values := parts[1]+parts[2]+parts[3], found[len(found)-1].values
		if _, twice := values[name]; twice {
			return nil, fmt.Errorf("line %d: %s twice", at+1, name)
		}
		values[name] = value
	}
	return found, nil
}

// closed tells whether a list has its end; no text that we read has a bracket in it.
func closed(text string) bool {
	for _, line := range strings.Split(text, "\n") {
		if strings.Contains(withoutComment(line), "]") {
			return true
		}
	}
	return false
}

func withoutComment(line string) string {
	quote := byte(0)
	for at := 0; at < len(line); at++ {
		switch one := line[at]; {
		case quote != 0 && one == quote:
			quote = 0
		case quote == 0 && (one == '"' || one == '\''):
			quote = one
		case quote == 0 && one == '#':
			return line[:at]
		}
	}
	return line
}

func tomlValue(text string) (any, error) {
	lines := strings.Split(text, "\n")
	for at := range lines {
		lines[at] = strings.TrimSpace(withoutComment(lines[at]))
	}
	text = strings.TrimSpace(strings.Join(lines, " "))
	switch {
	case text == "true" || text == "false":
		return text == "true", nil
	case strings.HasPrefix(text, "["):
		return tomlList(text)
	case strings.HasPrefix(text, `"`) || strings.HasPrefix(text, "'"):
		parts := tomlText.FindStringSubmatch(text)
		if parts == nil || len(parts[0]) != len(text) {
			return nil, fmt.Errorf("a text that cannot be read")
		}
		return parts[1] + parts[2], nil
	}
	if value, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 10, 64); err == nil {
		return value, nil
	}
	for _, form := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00"} {
		if value, err := time.Parse(form, text); err == nil {
			return value.UTC(), nil
		}
	}
	if value, err := time.Parse("2006-01-02", text); err == nil {
		return value, nil
	}
	return nil, fmt.Errorf("a value that cannot be read")
}

func tomlList(text string) (any, error) {
	found := []string{}
	rest := strings.TrimSpace(text[1:])
	for !strings.HasPrefix(rest, "]") {
		parts := tomlText.FindStringSubmatch(rest)
		if parts == nil {
			return nil, fmt.Errorf("a list that cannot be read")
		}
		found = append(found, parts[1]+parts[2])
		rest = strings.TrimSpace(rest[len(parts[0]):])
		if strings.HasPrefix(rest, ",") {
			rest = strings.TrimSpace(rest[1:])
		} else if !strings.HasPrefix(rest, "]") {
			return nil, fmt.Errorf("a list that cannot be read")
		}
	}
	if rest != "]" {
		return nil, fmt.Errorf("something behind a list")
	}
	return found, nil
}
