package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON as V13 wants it, and its one spelling (V54). encoding/json takes a name twice, and forgets the order.

type object struct {
	names  []string
	values map[string]any // string, number, bool, nil, []any, *object
}

// number is an integer as it was written.
type number string

const deepest = 8

type jsonReader struct {
	text      string
	at        int
	depth     int
	printable bool
}

// readJSON reads one object; with printable, texts hold printable characters alone.
func readJSON(content []byte, printable bool) (*object, error) {
	for _, one := range content {
		if one >= 0x80 {
			return nil, fmt.Errorf("it is not ASCII")
		}
	}
	reader := &jsonReader{text: string(content), printable: printable}
	found, err := reader.value()
	if err != nil {
		return nil, err
	}
	reader.space()
	if reader.at != len(reader.text) {
		return nil, fmt.Errorf("something stands behind it")
	}
	result, ok := found.(*object)
	if !ok {
		return nil, fmt.Errorf("it is no object")
	}
	return result, nil
}

func (r *jsonReader) space() {
	for r.at < len(r.text) && strings.IndexByte(" \t\r\n", r.text[r.at]) >= 0 {
		r.at++
	}
}

func (r *jsonReader) next(wanted string) bool {
	if strings.HasPrefix(r.text[r.at:], wanted) {
		r.at += len(wanted)
		return true
	}
	return false
}

func (r *jsonReader) value() (any, error) {
	r.space()
	switch {
	case r.next("{"):
		return r.nested(r.object)
	case r.next("["):
		return r.nested(r.list)
	case r.next(`"`):
		return r.string()
	case r.next("true"):
		return true, nil
	case r.next("false"):
		return false, nil
	case r.next("null"):
		return nil, nil
	}
	return r.number()
}

func (r *jsonReader) nested(read func() (any, error)) (any, error) {
	if r.depth++; r.depth > deepest {
		return nil, fmt.Errorf("it is nested too deep")
	}
	found, err := read()
	r.depth--
	return found, err
}

func (r *jsonReader) object() (any, error) {
	found := &object{values: map[string]any{}}
	if r.space(); r.next("}") {
		return found, nil
	}
	for {
		if r.space(); !r.next(`"`) {
			return nil, fmt.Errorf("a name is missing")
		}
		name, err := r.string()
		if err != nil {
			return nil, err
		}
		if r.space(); !r.next(":") {
			return nil, fmt.Errorf("a colon is missing")
		}
		value, err := r.value()
		if err != nil {
			return nil, err
		}
		if _, twice := found.values[name]; twice {
			return nil, fmt.Errorf("%q is there twice", name)
		}
		found.names = append(found.names, name)
		found.values[name] = value
		if r.space(); r.next("}") {
			return found, nil
		}
		if !r.next(",") {
			return nil, fmt.Errorf("an object does not end")
		}
	}
}

func (r *jsonReader) list() (any, error) {
	found := []any{}
	if r.space(); r.next("]") {
		return found, nil
	}
	for {
		value, err := r.value()
		if err != nil {
			return nil, err
		}
		found = append(found, value)
		if r.space(); r.next("]") {
			return found, nil
		}
		if !r.next(",") {
			return nil, fmt.Errorf("a list does not end")
		}
	}
}

func (r *jsonReader) number() (any, error) {
	begin := r.at
	r.next("-")
	digits := r.at
	for r.at < len(r.text) && r.text[r.at] >= '0' && r.text[r.at] <= '9' {
		r.at++
	}
	count := r.at - digits
	if count == 0 || count > 19 || count > 1 && r.text[digits] == '0' {
		return nil, fmt.Errorf("it is no JSON, or a number is too long")
	}
	if r.at < len(r.text) && strings.IndexByte(".eE", r.text[r.at]) >= 0 {
		return nil, fmt.Errorf("a number is not whole")
	}
	return number(r.text[begin:r.at]), nil
}

func (r *jsonReader) string() (string, error) {
	var made strings.Builder
	for r.at < len(r.text) {
		one := r.text[r.at]
		r.at++
		var found rune
		switch {
		case one == '"':
			return made.String(), nil
		case one < 0x20:
			return "", fmt.Errorf("a control character in a text")
		case one == '\\':
			var err error
			if found, err = r.escape(); err != nil {
				return "", err
			}
		default:
			found = rune(one)
		}
		if r.printable && found != ' ' && !unicode.IsPrint(found) {
			return "", fmt.Errorf("a text with a character that is not printable")
		}
		made.WriteRune(found)
	}
	return "", fmt.Errorf("a text does not end")
}

func (r *jsonReader) escape() (rune, error) {
	if r.at >= len(r.text) {
		return 0, fmt.Errorf("a text does not end")
	}
	one := r.text[r.at]
	r.at++
	if at := strings.IndexByte(`"\/bfnrt`, one); at >= 0 {
		return rune("\"\\/\b\f\n\r\t"[at]), nil
	}
	if one != 'u' {
		return 0, fmt.Errorf("an escape that there is not")
	}
	found, ok := r.unit()
	if ok && utf16.IsSurrogate(found) && r.next(`\u`) {
		second, good := r.unit()
		found, ok = utf16.DecodeRune(found, second), good
	}
	if !ok || found == utf8.RuneError || utf16.IsSurrogate(found) {
		return 0, fmt.Errorf("an escape that is no character")
	}
	return found, nil
}

func (r *jsonReader) unit() (rune, bool) {
	if r.at+4 > len(r.text) {
		return 0, false
	}
	found, err := strconv.ParseUint(r.text[r.at:r.at+4], 16, 16)
	r.at += 4
	return rune(found), err == nil
}

func (o *object) text(name string) (string, bool) {
	found, ok := o.values[name].(string)
	return found, ok
}

func (o *object) number(name string) (int64, bool) {
	found, ok := o.values[name].(number)
	if !ok {
		return 0, false
	}
	value, err := strconv.ParseInt(string(found), 10, 64)
	return value, err == nil
}

// has tells whether the object has these members, in this order, and no other.
func (o *object) has(names ...string) bool {
	return strings.Join(o.names, "\x00") == strings.Join(names, "\x00")
}

// spelled writes a value in its one spelling: an indent of one space, ASCII, a line feed at the end.
func spelled(value any) []byte {
	var out bytes.Buffer
	spell(&out, value, "\n")
	out.WriteByte('\n')
	return out.Bytes()
}

func spell(out *bytes.Buffer, value any, line string) {
	switch found := value.(type) {
	case *object:
		spellMany(out, "{}", len(found.names), line, func(at int) {
			spellText(out, found.names[at])
			out.WriteString(": ")
			spell(out, found.values[found.names[at]], line+" ")
		})
	case []any:
		spellMany(out, "[]", len(found), line, func(at int) { spell(out, found[at], line+" ") })
	case string:
		spellText(out, found)
	case number:
		out.WriteString(string(found))
	case bool:
		out.WriteString(strconv.FormatBool(found))
	default:
		out.WriteString("null")
	}
}

func spellMany(out *bytes.Buffer, brackets string, count int, line string, one func(int)) {
	out.WriteByte(brackets[0])
	for at := 0; at < count; at++ {
		if at > 0 {
			out.WriteByte(',')
		}
		out.WriteString(line + " ")
		one(at)
	}
	if count > 0 {
		out.WriteString(line)
	}
	out.WriteByte(brackets[1])
}

func spellText(out *bytes.Buffer, text string) {
	out.WriteByte('"')
	for _, one := range text {
		switch {
		case one == '"' || one == '\\':
			out.WriteByte('\\')
			out.WriteByte(byte(one))
		case strings.ContainsRune("\b\f\n\r\t", one):
			out.WriteByte('\\')
			out.WriteByte("bfnrt"[strings.IndexRune("\b\f\n\r\t", one)])
		case one >= 0x20 && one < 0x7f:
			out.WriteByte(byte(one))
		case one > 0xffff:
			high, low := utf16.EncodeRune(one)
			fmt.Fprintf(out, `\u%04x\u%04x`, high, low)
		case one == 0x7f:
			out.WriteByte(0x7f)
		default:
			fmt.Fprintf(out, `\u%04x`, one)
		}
	}
	out.WriteByte('"')
}
