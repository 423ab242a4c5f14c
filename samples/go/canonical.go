package main

// A small XML tree, and its exclusive canonical form (https://www.w3.org/TR/xml-exc-c14n/).
//
// encoding/xml has neither: its Token forgets prefixes, and what it writes is not what it read. A mistake here could only
// refuse a true answer, never believe a false one, since answers are read from this tree and its octets are what is digested.

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
)

// element is one element; children are *element or string. Comments are left out, as they are of the digest.
type element struct {
	prefix, local, namespace string
	attributes               []attribute
	declared                 map[string]string // what this element declares: prefix to namespace
	parent                   *element
	children                 []any
}

type attribute struct{ prefix, local, namespace, value string }

// parse reads one document: no DOCTYPE, no processing instruction but the declaration, every prefix declared.
func parse(document []byte) (*element, error) {
	decoder := xml.NewDecoder(bytes.NewReader(document))
	root := &element{declared: map[string]string{"": "", "xml": "http://www.w3.org/XML/1998/namespace"}}
	open := root
	for {
		token, err := decoder.RawToken()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		switch found := token.(type) {
		case xml.StartElement:
			child, err := begin(open, found)
			if err != nil {
				return nil, err
			}
			open.children = append(open.children, child)
			open = child
		case xml.EndElement:
			// RawToken does not look whether what ends is what began.
			if open == root || found.Name.Space != open.prefix || found.Name.Local != open.local {
				return nil, fmt.Errorf("</%s> ends nothing", found.Name.Local)
			}
			open = open.parent
		case xml.CharData:
			open.children = append(open.children, string(found))
		case xml.ProcInst:
			if found.Target != "xml" || len(root.children) > 0 {
				return nil, errors.New("a processing instruction")
			}
		case xml.Directive:
			return nil, errors.New("a DOCTYPE")
		}
	}
	elements := root.elements()
	if open != root || len(elements) != 1 {
		return nil, errors.New("not one whole document")
	}
	return elements[0], nil
}

func begin(parent *element, start xml.StartElement) (*element, error) {
	made := &element{prefix: start.Name.Space, local: start.Name.Local, parent: parent, declared: map[string]string{}}
	for _, one := range start.Attr {
		switch {
		case one.Name.Space == "xmlns":
			made.declared[one.Name.Local] = one.Value
		case one.Name.Space == "" && one.Name.Local == "xmlns":
			made.declared[""] = one.Value
		default:
			made.attributes = append(made.attributes, attribute{one.Name.Space, one.Name.Local, "", one.Value})
		}
	}
	var known bool
	if made.namespace, known = made.lookUp(made.prefix); !known {
		return nil, fmt.Errorf("the prefix %s is not declared", made.prefix)
	}
	for at := range made.attributes {
		one := &made.attributes[at]
		if one.prefix == "" {
			continue
		}
		if one.namespace, known = made.lookUp(one.prefix); !known {
			return nil, fmt.Errorf("the prefix %s is not declared", one.prefix)
		}
	}
	return made, nil
}

func (e *element) lookUp(prefix string) (string, bool) {
	for at := e; at != nil; at = at.parent {
		if found, ok := at.declared[prefix]; ok {
			return found, true
		}
	}
	return "", false
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

func (e *element) text() string {
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

// canonical returns the octets that are digested; inclusive are the prefixes of InclusiveNamespaces, if any.
func (e *element) canonical(inclusive ...string) []byte {
	var out bytes.Buffer
	e.write(&out, map[string]string{"": ""}, inclusive)
	return out.Bytes()
}

func (e *element) write(out *bytes.Buffer, written map[string]string, inclusive []string) {
	used := append([]string{e.prefix}, inclusive...)
	for _, one := range e.attributes {
		if one.prefix != "" {
			used = append(used, one.prefix)
		}
	}
	sort.Strings(used)
	below := make(map[string]string, len(written)+len(used))
	for prefix, namespace := range written {
		below[prefix] = namespace
	}
	name := e.local
	if e.prefix != "" {
		name = e.prefix + ":" + e.local
	}
	out.WriteString("<" + name)
	for _, prefix := range used {
		namespace, known := e.lookUp(prefix)
		if before, ok := below[prefix]; !known || prefix == "xml" || ok && before == namespace {
			continue
		}
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
