package main

import (
	"bytes"
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A small XML tree and its exclusive canonical form (https://www.w3.org/TR/xml-exc-c14n/), without comments. encoding/xml
// forgets prefixes, and takes documents that are not well-formed.

const (
	xmlNS   = "http://www.w3.org/XML/1998/namespace"
	dsNS    = "http://www.w3.org/2000/09/xmldsig#"
	xadesNS = "http://uri.etsi.org/01903/v1.3.2#"
	excC14N = "http://www.w3.org/2001/10/xml-exc-c14n#"

	maxElements = 200_000
	maxDepth    = 64
)

// element is one element; children are *element or string.
type element struct {
	prefix, local, namespace string
	attributes               []attribute
	declared                 map[string]string
	parent                   *element
	children                 []any
}

type attribute struct{ prefix, local, namespace, value string }

type xmlReader struct {
	text     string
	at       int
	elements int
	depth    int
}

var declaration = regexp.MustCompile(`(?i)^<\?xml\s+version\s*=\s*("1\.[0-9]+"|'1\.[0-9]+')` +
	`(\s+encoding\s*=\s*("(utf-8|us-ascii)"|'(utf-8|us-ascii)'))?(\s+standalone\s*=\s*("(yes|no)"|'(yes|no)'))?\s*\?>`)

// parseXML reads a document without DOCTYPE and processing instructions.
func parseXML(content []byte) (*element, error) {
	if !utf8.Valid(content) {
		return nil, fmt.Errorf("it is not UTF-8")
	}
	text := strings.TrimPrefix(string(content), "\ufeff")
	for _, one := range text {
		if one < 0x20 && one != '\t' && one != '\n' && one != '\r' || one == 0xfffe || one == 0xffff {
			return nil, fmt.Errorf("a character that XML has not")
		}
	}
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	reader := &xmlReader{text: text}
	if strings.HasPrefix(text, "<?xml") {
		found := declaration.FindString(text)
		if found == "" {
			return nil, fmt.Errorf("a declaration that cannot be read")
		}
		reader.at = len(found)
	}
	if err := reader.outside(); err != nil {
		return nil, err
	}
	root, err := reader.element(nil)
	if err != nil {
		return nil, err
	}
	if err := reader.outside(); err != nil {
		return nil, err
	}
	if reader.at != len(reader.text) {
		return nil, fmt.Errorf("something stands behind the root")
	}
	return root, nil
}

func (r *xmlReader) space() bool {
	begin := r.at
	for r.at < len(r.text) && strings.IndexByte(" \t\n", r.text[r.at]) >= 0 {
		r.at++
	}
	return r.at > begin
}

func (r *xmlReader) next(wanted string) bool {
	if strings.HasPrefix(r.text[r.at:], wanted) {
		r.at += len(wanted)
		return true
	}
	return false
}

func (r *xmlReader) until(end string) (string, error) {
	length := strings.Index(r.text[r.at:], end)
	if length < 0 {
		return "", fmt.Errorf("%s is missing", end)
	}
	found := r.text[r.at : r.at+length]
	r.at += length + len(end)
	return found, nil
}

func (r *xmlReader) comment() error {
	found, err := r.until("-->")
	if err != nil {
		return err
	}
	if strings.Contains(found, "--") || strings.HasSuffix(found, "-") {
		return fmt.Errorf("a comment that is none")
	}
	return nil
}

func (r *xmlReader) outside() error {
	for {
		r.space()
		if !r.next("<!--") {
			return nil
		}
		if err := r.comment(); err != nil {
			return err
		}
	}
}

func isNameStart(one rune) bool {
	return one == '_' || one >= 'a' && one <= 'z' || one >= 'A' && one <= 'Z' ||
		one >= 0xc0 && one != 0xd7 && one != 0xf7 && one < 0x300 || one >= 0x370 && one != 0x37e && one < 0x2000 ||
		one >= 0x200c && one <= 0x200d || one >= 0x2070 && one <= 0x218f || one >= 0x2c00 && one <= 0x2fef ||
		one >= 0x3001 && one <= 0xd7ff || one >= 0xf900 && one <= 0xfdcf || one >= 0xfdf0 && one <= 0xfffd || one >= 0x10000 && one <= 0xeffff
}

func isNamePart(one rune) bool {
	return isNameStart(one) || one == '-' || one == '.' || one >= '0' && one <= '9' || one == 0xb7 ||
		one >= 0x300 && one <= 0x36f || one >= 0x203f && one <= 0x2040
}

// name reads a prefix (or none) and a local name.
func (r *xmlReader) name() (string, string, error) {
	part := func() string {
		begin := r.at
		for r.at < len(r.text) {
			one, size := utf8.DecodeRuneInString(r.text[r.at:])
			if r.at == begin && !isNameStart(one) || !isNamePart(one) {
				break
			}
			r.at += size
		}
		return r.text[begin:r.at]
	}
	first := part()
	if first == "" {
		return "", "", fmt.Errorf("a name is missing")
	}
	if !r.next(":") {
		return "", first, nil
	}
	second := part()
	if second == "" {
		return "", "", fmt.Errorf("a name is missing")
	}
	return first, second, nil
}

func (r *xmlReader) element(parent *element) (*element, error) {
	if r.elements++; r.elements > maxElements {
		return nil, fmt.Errorf("it has too many elements")
	}
	if r.depth++; r.depth > maxDepth {
		return nil, fmt.Errorf("it is nested too deep")
	}
	defer func() { r.depth-- }()
	if !r.next("<") {
		return nil, fmt.Errorf("no element begins where one must")
	}
	made := &element{parent: parent, declared: map[string]string{}}
	var err error
	if made.prefix, made.local, err = r.name(); err != nil {
		return nil, err
	}
	ended, err := r.attributes(made)
	if err == nil {
		err = made.resolve()
	}
	if err != nil || ended {
		return made, err
	}
	return made, r.content(made)
}

func (r *xmlReader) attributes(made *element) (ended bool, err error) {
	for {
		spaced := r.space()
		if r.next("/>") {
			return true, nil
		}
		if r.next(">") {
			return false, nil
		}
		if !spaced || len(made.attributes)+len(made.declared) > 200 {
			return false, fmt.Errorf("a start tag that cannot be read")
		}
		prefix, local, err := r.name()
		if err != nil {
			return false, err
		}
		r.space()
		if !r.next("=") {
			return false, fmt.Errorf("an attribute without a value")
		}
		r.space()
		quote := `"`
		if !r.next(quote) {
			if quote = "'"; !r.next(quote) {
				return false, fmt.Errorf("an attribute without a value")
			}
		}
		raw, err := r.until(quote)
		if err != nil {
			return false, err
		}
		if strings.Contains(raw, "<") {
			return false, fmt.Errorf("a < in an attribute")
		}
		value, err := unescape(strings.NewReplacer("\n", " ", "\t", " ").Replace(raw))
		if err != nil {
			return false, err
		}
		if prefix == "xmlns" || prefix == "" && local == "xmlns" {
			declared := local
			if prefix == "" {
				declared = ""
			}
			if _, twice := made.declared[declared]; twice || declared != "" && value == "" || declared == "xmlns" || (declared == "xml") != (value == xmlNS) {
				return false, fmt.Errorf("a namespace that cannot be declared")
			}
			made.declared[declared] = value
			continue
		}
		made.attributes = append(made.attributes, attribute{prefix, local, "", value})
	}
}

// resolve finds the namespaces of the element and of its attributes.
func (e *element) resolve() error {
	var known bool
	if e.namespace, known = e.lookUp(e.prefix); !known {
		return fmt.Errorf("the prefix %s is not declared", e.prefix)
	}
	seen := map[[2]string]bool{}
	for at := range e.attributes {
		one := &e.attributes[at]
		if one.prefix != "" {
			if one.namespace, known = e.lookUp(one.prefix); !known {
				return fmt.Errorf("the prefix %s is not declared", one.prefix)
			}
		}
		if key := [2]string{one.namespace, one.local}; seen[key] {
			return fmt.Errorf("an attribute is there twice")
		} else {
			seen[key] = true
		}
	}
	return nil
}

func (e *element) lookUp(prefix string) (string, bool) {
	if prefix == "xml" {
		return xmlNS, true
	}
	for at := e; at != nil; at = at.parent {
		if found, ok := at.declared[prefix]; ok {
			return found, true
		}
	}
	return "", prefix == ""
}

func (r *xmlReader) content(open *element) error {
	for {
		length := strings.IndexByte(r.text[r.at:], '<')
		if length < 0 {
			return fmt.Errorf("it does not end")
		}
		raw := r.text[r.at : r.at+length]
		r.at += length
		if strings.Contains(raw, "]]>") {
			return fmt.Errorf("]]> in a text")
		}
		text, err := unescape(raw)
		if err != nil {
			return err
		}
		open.addText(text)
		switch {
		case r.next("</"):
			prefix, local, err := r.name()
			if err != nil {
				return err
			}
			r.space()
			if prefix != open.prefix || local != open.local || !r.next(">") {
				return fmt.Errorf("</%s> ends nothing", local)
			}
			return nil
		case r.next("<!--"):
			if err := r.comment(); err != nil {
				return err
			}
		case r.next("<![CDATA["):
			found, err := r.until("]]>")
			if err != nil {
				return err
			}
			open.addText(found)
		default:
			child, err := r.element(open)
			if err != nil {
				return err
			}
			open.children = append(open.children, child)
		}
	}
}

func (e *element) addText(text string) {
	if text != "" {
		e.children = append(e.children, text)
	}
}

var entities = map[string]string{"amp": "&", "lt": "<", "gt": ">", "quot": `"`, "apos": "'"}

func unescape(raw string) (string, error) {
	if !strings.Contains(raw, "&") {
		return raw, nil
	}
	var made strings.Builder
	for {
		begin := strings.IndexByte(raw, '&')
		if begin < 0 {
			made.WriteString(raw)
			return made.String(), nil
		}
		made.WriteString(raw[:begin])
		raw = raw[begin+1:]
		end := strings.IndexByte(raw, ';')
		if end < 1 || end > 12 {
			return "", fmt.Errorf("an & that is nothing")
		}
		name := raw[:end]
		raw = raw[end+1:]
		if text, ok := entities[name]; ok {
			made.WriteString(text)
			continue
		}
		var number uint64
		var err error
		if strings.HasPrefix(name, "#x") {
			number, err = strconv.ParseUint(name[2:], 16, 32)
		} else if strings.HasPrefix(name, "#") {
			number, err = strconv.ParseUint(name[1:], 10, 32)
		} else {
			err = fmt.Errorf("none")
		}
		one := rune(number)
		if err != nil || number > 0x10ffff || !utf8.ValidRune(one) || one == 0xfffe || one == 0xffff ||
			one < 0x20 && one != '\t' && one != '\n' && one != '\r' {
			return "", fmt.Errorf("the entity %q is none", name)
		}
		made.WriteRune(one)
	}
}

func (e *element) elements() []*element {
	var found []*element
	for _, child := range e.children {
		if one, ok := child.(*element); ok {
			found = append(found, one)
		}
	}
	return found
}

func (e *element) named(namespace, local string) []*element {
	var found []*element
	for _, child := range e.elements() {
		if child.namespace == namespace && child.local == local {
			found = append(found, child)
		}
	}
	return found
}

// only returns the one child of that name, nil where there is none or more than one; only of nil is nil.
func (e *element) only(namespace string, path ...string) *element {
	for _, local := range path {
		if e == nil {
			return nil
		}
		found := e.named(namespace, local)
		if len(found) != 1 {
			return nil
		}
		e = found[0]
	}
	return e
}

// text of the element itself; of nil, none.
func (e *element) text() string {
	if e == nil {
		return ""
	}
	var text strings.Builder
	for _, child := range e.children {
		if one, ok := child.(string); ok {
			text.WriteString(one)
		}
	}
	return text.String()
}

func (e *element) attribute(namespace, local string) string {
	for _, one := range e.attributes {
		if one.namespace == namespace && one.local == local {
			return one.value
		}
	}
	return ""
}

// each calls a function for the element and everything in it.
func (e *element) each(visit func(*element, int)) { e.visit(visit, 1) }

func (e *element) visit(visit func(*element, int), depth int) {
	visit(e, depth)
	for _, child := range e.elements() {
		child.visit(visit, depth+1)
	}
}

// canonical returns the exclusive canonical form; inclusive are the prefixes of InclusiveNamespaces, if any.
func (e *element) canonical(inclusive ...string) []byte {
	var out bytes.Buffer
	e.write(&out, map[string]string{"": ""}, inclusive)
	return out.Bytes()
}

func (e *element) write(out *bytes.Buffer, written map[string]string, inclusive []string) {
	used := map[string]bool{e.prefix: true}
	for _, one := range inclusive {
		used[one] = true
	}
	for _, one := range e.attributes {
		if one.prefix != "" {
			used[one.prefix] = true
		}
	}
	prefixes := make([]string, 0, len(used))
	for prefix := range used {
		prefixes = append(prefixes, prefix)
	}
	sort.Strings(prefixes)
	name := e.local
	if e.prefix != "" {
		name = e.prefix + ":" + e.local
	}
	out.WriteString("<" + name)
	below := written
	for _, prefix := range prefixes {
		namespace, known := e.lookUp(prefix)
		if before, ok := below[prefix]; !known || prefix == "xml" || ok && before == namespace {
			continue
		}
		copied := make(map[string]string, len(below)+1)
		for one, bound := range below {
			copied[one] = bound
		}
		below = copied
		below[prefix] = namespace
		if prefix == "" {
			out.WriteString(` xmlns="`)
		} else {
			out.WriteString(" xmlns:" + prefix + `="`)
		}
		out.WriteString(inAttribute.Replace(namespace) + `"`)
	}
	sorted := append([]attribute(nil), e.attributes...)
	sort.Slice(sorted, func(i, j int) bool {
		if sorted[i].namespace != sorted[j].namespace {
			return sorted[i].namespace < sorted[j].namespace
		}
		return sorted[i].local < sorted[j].local
	})
	for _, one := range sorted {
		out.WriteString(" ")
		if one.prefix != "" {
			out.WriteString(one.prefix + ":")
		}
		out.WriteString(one.local + `="` + inAttribute.Replace(one.value) + `"`)
	}
	out.WriteString(">")
	for _, child := range e.children {
		if one, ok := child.(*element); ok {
			one.write(out, below, inclusive)
		} else {
			out.WriteString(inText.Replace(child.(string)))
		}
	}
	out.WriteString("</" + name + ">")
}

var (
	inText      = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	inAttribute = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;", "\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;")
)
