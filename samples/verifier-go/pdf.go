package main

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// As much of PDF (ISO 32000) as its seal and its attachment need: objects, tables of references, and streams of both.

const (
	maxObjects  = 20_000
	maxInflated = 32 * mib
	maxNesting  = 32
)

type (
	pdfName   string
	pdfString string
	pdfRef    int
	pdfDict   map[string]any // pdfName, pdfString, pdfRef, float64, bool, nil, []any, pdfDict
)

type pdfStream struct {
	dict pdfDict
	raw  []byte
}

// place of an object: an offset in the file, or the number of a stream and an index in it.
type place struct {
	offset, stream, index int
}

type pdf struct {
	file     []byte
	places   map[int]place
	trailer  pdfDict
	known    map[int]any
	streams  map[int][]any
	inflated int
}

type pdfReader struct {
	text  []byte
	at    int
	depth int
}

func isPDFSpace(one byte) bool { return strings.IndexByte("\x00\t\n\f\r ", one) >= 0 }

func isDelimiter(one byte) bool { return strings.IndexByte("()<>[]{}/%", one) >= 0 }

func (r *pdfReader) space() {
	for r.at < len(r.text) {
		if r.text[r.at] == '%' {
			for r.at < len(r.text) && r.text[r.at] != '\n' && r.text[r.at] != '\r' {
				r.at++
			}
		} else if !isPDFSpace(r.text[r.at]) {
			return
		} else {
			r.at++
		}
	}
}

func (r *pdfReader) next(wanted string) bool {
	if bytes.HasPrefix(r.text[r.at:], []byte(wanted)) {
		r.at += len(wanted)
		return true
	}
	return false
}

func (r *pdfReader) word() string {
	begin := r.at
	for r.at < len(r.text) && !isPDFSpace(r.text[r.at]) && !isDelimiter(r.text[r.at]) {
		r.at++
	}
	return string(r.text[begin:r.at])
}

func (r *pdfReader) value() (any, error) {
	if r.depth++; r.depth > maxNesting {
		return nil, fmt.Errorf("objects are nested too deep")
	}
	defer func() { r.depth-- }()
	r.space()
	switch {
	case r.next("<<"):
		return r.dict()
	case r.next("<"):
		return r.hex()
	case r.next("("):
		return r.literal()
	case r.next("["):
		found := []any{}
		for {
			if r.space(); r.next("]") {
				return found, nil
			}
			one, err := r.value()
			if err != nil || len(found) > 1_000_000 {
				return nil, fmt.Errorf("an array that cannot be read")
			}
			found = append(found, one)
		}
	case r.next("/"):
		return r.name(), nil
	}
	return r.number()
}

func (r *pdfReader) name() pdfName {
	text := r.word()
	if !strings.Contains(text, "#") {
		return pdfName(text)
	}
	var made strings.Builder
	for at := 0; at < len(text); at++ {
		if text[at] == '#' && at+2 < len(text)+0 {
			if one, err := hex.DecodeString(text[at+1 : min(at+3, len(text))]); err == nil && len(one) == 1 {
				made.WriteByte(one[0])
				at += 2
				continue
			}
		}
		made.WriteByte(text[at])
	}
	return pdfName(made.String())
}

func (r *pdfReader) number() (any, error) {
	word := r.word()
	switch word {
	case "true", "false":
		return word == "true", nil
	case "null":
		return nil, nil
	}
	if number, err := strconv.Atoi(word); err == nil && number >= 0 && !strings.HasPrefix(word, "+") {
		before := r.at
		r.space()
		if generation := r.word(); generation != "" && strings.Trim(generation, "0123456789") == "" {
			r.space()
			if r.word() == "R" {
				return pdfRef(number), nil
			}
		}
		r.at = before
	}
	found, err := strconv.ParseFloat(word, 64)
	if err != nil {
		return nil, fmt.Errorf("%.20q is no object", word)
	}
	return found, nil
}

func (r *pdfReader) dict() (any, error) {
	found := pdfDict{}
	for {
		if r.space(); r.next(">>") {
			return found, nil
		}
		if !r.next("/") {
			return nil, fmt.Errorf("a dictionary that cannot be read")
		}
		name := string(r.name())
		value, err := r.value()
		if err != nil {
			return nil, err
		}
		if _, twice := found[name]; twice {
			return nil, fmt.Errorf("/%s is there twice", name)
		}
		found[name] = value
	}
}

func (r *pdfReader) hex() (any, error) {
	end := bytes.IndexByte(r.text[r.at:], '>')
	if end < 0 {
		return nil, fmt.Errorf("a string that does not end")
	}
	digits := strings.Map(func(one rune) rune {
		if one < 0x80 && isPDFSpace(byte(one)) {
			return -1
		}
		return one
	}, string(r.text[r.at:r.at+end]))
	r.at += end + 1
	if len(digits)%2 == 1 {
		digits += "0"
	}
	found, err := hex.DecodeString(digits)
	return pdfString(found), err
}

func (r *pdfReader) literal() (any, error) {
	var made []byte
	for open := 1; r.at < len(r.text); {
		one := r.text[r.at]
		r.at++
		switch one {
		case '(':
			open++
		case ')':
			if open--; open == 0 {
				return pdfString(made), nil
			}
		case '\\':
			made = append(made, r.escaped()...)
			continue
		}
		made = append(made, one)
	}
	return nil, fmt.Errorf("a string that does not end")
}

// escaped reads what stands behind a backslash in a string (ISO 32000-1 7.3.4.2): a letter, one to three octal digits, or a line's end.
func (r *pdfReader) escaped() []byte {
	if r.at >= len(r.text) {
		return nil
	}
	one := r.text[r.at]
	r.at++
	if place := strings.IndexByte("nrtbf", one); place >= 0 {
		return []byte{"\n\r\t\b\f"[place]}
	}
	switch {
	case one == '\r':
		r.next("\n")
		return nil
	case one == '\n':
		return nil
	case one < '0' || one > '7':
		return []byte{one}
	}
	value := int(one - '0')
	for count := 1; count < 3 && r.at < len(r.text) && r.text[r.at] >= '0' && r.text[r.at] <= '7'; count++ {
		value = value*8 + int(r.text[r.at]-'0')
		r.at++
	}
	return []byte{byte(value)}
}

// readPDF follows the tables of references from the end of a file.
func readPDF(file []byte) (*pdf, error) {
	made := &pdf{file: file, places: map[int]place{}, known: map[int]any{}, streams: map[int][]any{}}
	mark := bytes.LastIndex(file, []byte("startxref"))
	if mark < 0 {
		return nil, fmt.Errorf("there is no startxref")
	}
	reader := &pdfReader{text: file, at: mark + len("startxref")}
	reader.space()
	at, err := strconv.Atoi(reader.word())
	seen := map[int]bool{}
	for err == nil {
		if at < 0 || at >= len(file) || seen[at] || len(seen) > 64 {
			return nil, fmt.Errorf("a table of references that is nowhere")
		}
		seen[at] = true
		var trailer pdfDict
		if trailer, err = made.table(at); err != nil {
			break
		}
		if made.trailer == nil {
			made.trailer = trailer
		}
		if hybrid, ok := trailer["XRefStm"].(float64); ok {
			if _, err = made.table(int(hybrid)); err != nil {
				break
			}
		}
		previous, ok := trailer["Prev"].(float64)
		if !ok {
			return made, nil
		}
		at = int(previous)
	}
	return nil, err
}

func (p *pdf) put(number int, where place) error {
	if _, known := p.places[number]; !known {
		p.places[number] = where
	}
	if len(p.places) > maxObjects {
		return fmt.Errorf("there are too many objects")
	}
	return nil
}

func (p *pdf) table(at int) (pdfDict, error) {
	if at < 0 || at >= len(p.file) {
		return nil, fmt.Errorf("a table of references that is nowhere")
	}
	reader := &pdfReader{text: p.file, at: at}
	reader.space()
	if !reader.next("xref") {
		return p.tableStream(at)
	}
	for {
		reader.space()
		if reader.next("trailer") {
			break
		}
		first, err := strconv.Atoi(reader.word())
		reader.space()
		count, err2 := strconv.Atoi(reader.word())
		if err != nil || err2 != nil || count < 0 || count > maxObjects {
			return nil, fmt.Errorf("a table of references that cannot be read")
		}
		for index := 0; index < count; index++ {
			reader.space()
			offset, err := strconv.Atoi(reader.word())
			reader.space()
			reader.word()
			reader.space()
			kind := reader.word()
			if err != nil || kind != "n" && kind != "f" {
				return nil, fmt.Errorf("a table of references that cannot be read")
			}
			where := place{offset: offset}
			if kind == "f" {
				where.offset = -1
			}
			if err := p.put(first+index, where); err != nil {
				return nil, err
			}
		}
	}
	found, err := reader.value()
	trailer, ok := found.(pdfDict)
	if err != nil || !ok {
		return nil, fmt.Errorf("a trailer that cannot be read")
	}
	return trailer, nil
}

func (p *pdf) tableStream(at int) (pdfDict, error) {
	found, _, err := p.objectAt(at)
	stream, ok := found.(*pdfStream)
	if err != nil || !ok || stream.dict["Type"] != pdfName("XRef") {
		return nil, fmt.Errorf("a table of references that cannot be read")
	}
	content, err := p.content(stream)
	if err != nil {
		return nil, err
	}
	widths, index := numbers(stream.dict["W"]), numbers(stream.dict["Index"])
	if size, ok := stream.dict["Size"].(float64); ok && index == nil {
		index = []int{0, int(size)}
	}
	if len(widths) != 3 || len(index)%2 != 0 {
		return nil, fmt.Errorf("a table of references that cannot be read")
	}
	width := 0
	for _, one := range widths {
		if one < 0 || one > 8 {
			return nil, fmt.Errorf("a table of references that cannot be read")
		}
		width += one
	}
	field := func(row []byte, which int) int {
		value, begin := 0, 0
		for _, one := range widths[:which] {
			begin += one
		}
		for _, one := range row[begin : begin+widths[which]] {
			value = (value<<8 | int(one)) & 0xffffffffff
		}
		return value
	}
	for pair := 0; pair < len(index); pair += 2 {
		for number := index[pair]; number < index[pair]+index[pair+1] && width > 0; number++ {
			if len(content) < width {
				return nil, fmt.Errorf("a table of references that does not end")
			}
			row := content[:width]
			content = content[width:]
			kind := 1
			if widths[0] > 0 {
				kind = field(row, 0)
			}
			where := place{offset: -1}
			switch kind {
			case 1:
				where.offset = field(row, 1)
			case 2:
				where = place{stream: field(row, 1), index: field(row, 2)}
			}
			if err := p.put(number, where); err != nil {
				return nil, err
			}
		}
	}
	return stream.dict, nil
}

func numbers(value any) []int {
	list, ok := value.([]any)
	if !ok {
		return nil
	}
	found := []int{}
	for _, one := range list {
		number, ok := one.(float64)
		if !ok || number < 0 || number > 1e9 {
			return nil
		}
		found = append(found, int(number))
	}
	return found
}

// objectAt reads "n g obj …" at a place.
func (p *pdf) objectAt(at int) (any, int, error) {
	if at < 0 || at >= len(p.file) {
		return nil, 0, fmt.Errorf("an object that is nowhere")
	}
	reader := &pdfReader{text: p.file, at: at}
	reader.space()
	number, err := strconv.Atoi(reader.word())
	reader.space()
	reader.word()
	reader.space()
	if err != nil || !reader.next("obj") {
		return nil, 0, fmt.Errorf("an object that is not where it must be")
	}
	found, err := reader.value()
	if err != nil {
		return nil, 0, err
	}
	reader.space()
	dict, ok := found.(pdfDict)
	if !ok || !reader.next("stream") {
		return found, number, nil
	}
	if !reader.next("\r\n") && !reader.next("\n") {
		return nil, 0, fmt.Errorf("a stream that does not begin")
	}
	length, ok := p.resolve(dict["Length"], 0).(float64)
	if !ok || length < 0 || int(length) > len(p.file)-reader.at {
		return nil, 0, fmt.Errorf("a stream that does not end")
	}
	return &pdfStream{dict, p.file[reader.at : reader.at+int(length)]}, number, nil
}

// resolve follows references; what is nowhere is null.
func (p *pdf) resolve(value any, depth int) any {
	number, ok := value.(pdfRef)
	if !ok {
		return value
	}
	if depth > 8 {
		return nil
	}
	if known, ok := p.known[int(number)]; ok {
		return known
	}
	where, ok := p.places[int(number)]
	if !ok || where.offset < 0 {
		return nil
	}
	p.known[int(number)] = nil
	var found any
	if where.stream > 0 {
		if inside := p.inStream(where.stream, depth); where.index < len(inside) {
			found = inside[where.index]
		}
	} else if read, stated, err := p.objectAt(where.offset); err == nil && stated == int(number) {
		found = read
	}
	found = p.resolve(found, depth+1)
	p.known[int(number)] = found
	return found
}

func (p *pdf) inStream(number, depth int) []any {
	if known, ok := p.streams[number]; ok {
		return known
	}
	p.streams[number] = nil
	stream, ok := p.resolve(pdfRef(number), depth+1).(*pdfStream)
	if !ok {
		return nil
	}
	content, err := p.content(stream)
	count, one := stream.dict["N"].(float64)
	first, two := stream.dict["First"].(float64)
	if err != nil || !one || !two || first < 0 || int(first) > len(content) || count > maxObjects {
		return nil
	}
	header := &pdfReader{text: content}
	var found []any
	for index := 0; index < int(count); index++ {
		header.space()
		header.word()
		header.space()
		offset, err := strconv.Atoi(header.word())
		if err != nil || offset < 0 || offset > len(content)-int(first) {
			return nil
		}
		value, err := (&pdfReader{text: content, at: int(first) + offset}).value()
		if err != nil {
			value = nil
		}
		found = append(found, value)
	}
	p.streams[number] = found
	return found
}

// content of a stream: plain, or FlateDecode with or without the predictors of PNG.
func (p *pdf) content(of *pdfStream) ([]byte, error) {
	filter := p.resolve(of.dict["Filter"], 0)
	if list, ok := filter.([]any); ok && len(list) == 1 {
		filter = p.resolve(list[0], 0)
	} else if ok && len(list) == 0 {
		filter = nil
	}
	if filter == nil {
		return of.raw, nil
	}
	if filter != pdfName("FlateDecode") {
		return nil, fmt.Errorf("a stream with another filter")
	}
	source, err := zlib.NewReader(bytes.NewReader(of.raw))
	if err != nil {
		return nil, err
	}
	found, err := io.ReadAll(io.LimitReader(source, int64(maxInflated-p.inflated)+1))
	if p.inflated += len(found); err != nil || p.inflated > maxInflated {
		return nil, fmt.Errorf("a stream that cannot be inflated, or too much of it")
	}
	parameters := p.resolve(of.dict["DecodeParms"], 0)
	if list, ok := parameters.([]any); ok && len(list) == 1 {
		parameters = p.resolve(list[0], 0)
	}
	dict, _ := parameters.(pdfDict)
	predictor, _ := dict["Predictor"].(float64)
	if predictor < 10 {
		return found, nil
	}
	columns, ok := dict["Columns"].(float64)
	if !ok || columns < 1 || columns > 1000 || dict["Colors"] != nil || dict["BitsPerComponent"] != nil {
		return nil, fmt.Errorf("a stream with another predictor")
	}
	return unpredict(found, int(columns))
}

func unpredict(content []byte, columns int) ([]byte, error) {
	var made []byte
	above := make([]byte, columns)
	for len(content) > columns {
		kind, row := content[0], append([]byte{}, content[1:1+columns]...)
		for at := range row {
			left := byte(0)
			if at > 0 {
				left = row[at-1]
			}
			switch kind {
			case 0:
			case 1:
				row[at] += left
			case 2:
				row[at] += above[at]
			default:
				return nil, fmt.Errorf("a stream with another predictor")
			}
		}
		made, above, content = append(made, row...), row, content[1+columns:]
	}
	return made, nil
}

// get follows a path of names in dictionaries.
func (p *pdf) get(from any, path ...string) any {
	for _, name := range path {
		from = p.resolve(from, 0)
		if stream, ok := from.(*pdfStream); ok {
			from = stream.dict
		}
		dict, ok := from.(pdfDict)
		if !ok {
			return nil
		}
		from = dict[name]
	}
	return p.resolve(from, 0)
}
