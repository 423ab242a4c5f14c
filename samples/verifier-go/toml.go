package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// As much of TOML 1.0 as the trust folder needs: tables, and names with an instant, a date, a text, a number, true or false, or a list of texts.

type table struct {
	name   string
	values map[string]any // time.Time, date, string, int64, bool, []string
}

// date is a day without time and zone.
type date string

var (
	tomlTable   = regexp.MustCompile(`^\[[ \t]*(?:"([^"\\]*)"|'([^']*)'|([A-Za-z0-9_-]+))[ \t]*\][ \t]*(?:#.*)?$`)
	tomlName    = regexp.MustCompile(`^(?:"([^"\\]*)"|'([^']*)'|([A-Za-z0-9_-]+))[ \t]*=[ \t]*(.*)$`)
	tomlText    = regexp.MustCompile(`^(?:"([^"\\\n]*)"|'([^'\n]*)')`)
	tomlNumber  = regexp.MustCompile(`^[+-]?(?:0|[1-9](?:_?[0-9])*)$`)
	tomlInstant = regexp.MustCompile(`^([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?(?:[Zz]|([+-](?:[01][0-9]|2[0-3]):[0-5][0-9]))$`)
)

const blank = " \t"

// readTOML returns the tables in their order; the first has no name, and what stands before all others.
func readTOML(content string) ([]table, error) {
	if !utf8.ValidString(content) {
		return nil, fmt.Errorf("it is not UTF-8")
	}
	content = strings.ReplaceAll(content, "\r\n", "\n")
	for _, one := range content {
		if one < 0x20 && one != '\t' && one != '\n' || one == 0x7f {
			return nil, fmt.Errorf("a character that TOML has not")
		}
	}
	found := []table{{"", map[string]any{}}}
	lines := strings.Split(content, "\n")
	for at := 0; at < len(lines); at++ {
		line := strings.Trim(lines[at], blank)
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
			if _, twice := found[0].values[name]; twice {
				return nil, fmt.Errorf("line %d: %s twice", at+1, name)
			}
			found = append(found, table{name, map[string]any{}})
			continue
		}
		parts := tomlName.FindStringSubmatch(line)
		if parts == nil {
			return nil, fmt.Errorf("line %d cannot be read", at+1)
		}
		text := withoutComment(parts[4])
		for strings.HasPrefix(text, "[") && !closed(text) && at+1 < len(lines) {
			at++
			text += "\n" + withoutComment(lines[at])
		}
		value, err := tomlValue(strings.Trim(text, blank))
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

// closed tells whether a list has its end, outside of its texts.
func closed(text string) bool { return outsideTexts(text, ']') >= 0 }

func withoutComment(line string) string {
	if at := outsideTexts(line, '#'); at >= 0 {
		return line[:at]
	}
	return line
}

// outsideTexts returns the first place of a character that stands in no text; -1 for none.
func outsideTexts(text string, wanted byte) int {
	quote := byte(0)
	for at := 0; at < len(text); at++ {
		switch one := text[at]; {
		case quote != 0 && (one == quote || one == '\n'):
			quote = 0
		case quote == 0 && (one == '"' || one == '\''):
			quote = one
		case quote == 0 && one == wanted:
			return at
		}
	}
	return -1
}

func tomlValue(text string) (any, error) {
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
	case tomlNumber.MatchString(text):
		return strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 10, 64)
	}
	if parts := tomlInstant.FindStringSubmatch(text); parts != nil {
		return tomlInstantOf(parts)
	}
	if found, err := time.Parse(time.DateOnly, text); err == nil && found.Year() > 0 {
		return date(text), nil
	}
	return nil, fmt.Errorf("a value that cannot be read, or an instant without its zone")
}

// tomlInstantOf reads an instant with its zone, to the microsecond.
func tomlInstantOf(parts []string) (any, error) {
	fraction, zone := parts[3], parts[4]
	if len(fraction) > 6 {
		fraction = fraction[:6]
	}
	if zone == "" {
		zone = "Z"
	}
	if fraction != "" {
		fraction = "." + fraction
	}
	found, err := time.Parse(time.RFC3339Nano, parts[1]+"T"+parts[2]+fraction+zone)
	if err != nil || parts[1] < "0001" {
		return nil, fmt.Errorf("an instant that cannot be read")
	}
	return found.UTC(), nil
}

func tomlList(text string) (any, error) {
	found := []string{}
	rest := strings.Trim(text[1:], blank+"\n")
	for !strings.HasPrefix(rest, "]") {
		parts := tomlText.FindStringSubmatch(rest)
		if parts == nil {
			return nil, fmt.Errorf("a list that cannot be read")
		}
		found = append(found, parts[1]+parts[2])
		rest = strings.Trim(rest[len(parts[0]):], blank+"\n")
		if strings.HasPrefix(rest, ",") {
			rest = strings.Trim(rest[1:], blank+"\n")
		} else if !strings.HasPrefix(rest, "]") {
			return nil, fmt.Errorf("a list that cannot be read")
		}
	}
	if rest != "]" {
		return nil, fmt.Errorf("something behind a list")
	}
	return found, nil
}
