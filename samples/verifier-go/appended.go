package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// What the gateway itself appends to a sealed PDF (V90): a security store, written in one way. It is read and written anew.

var (
	lastTrailer = regexp.MustCompile(`trailer\n<<\n/Size ([0-9]{1,8})\n/Root ([0-9]{1,8}) 0 R\n/Info ([0-9]{1,8}) 0 R\n` +
		`/ID \[ <([0-9a-f]{1,64})> <[0-9a-f]+> \]\n/Prev [0-9]+\n>>\nstartxref\n([0-9]{1,9})\n%%EOF\n?$`)
	xrefSection = regexp.MustCompile(`([0-9]{1,8}) ([0-9]{1,8})\n((?:[0-9]{10} [0-9]{5} [nf] ?\r?\n)+)`)
	storeObject = regexp.MustCompile(`^\n[0-9]{1,8} 0 obj\n<<\n/Type /DSS\n((?:/(?:Certs|CRLs|OCSPs) \[ (?:[0-9]{1,8} 0 R )+\]\n)*)>>\nendobj\n`)
	storeList   = regexp.MustCompile(`/(Certs|CRLs|OCSPs) \[ ((?:[0-9]{1,8} 0 R )+)\]\n`)
	streamHead  = regexp.MustCompile(`^[0-9]{1,8} 0 obj\n<<\n/Length ([0-9]{1,8})\n>>\nstream\n`)
	storeNames  = []string{"Certs", "CRLs", "OCSPs"}
)

const (
	streamFoot = "\nendstream\nendobj\n"
	xrefEntry  = 20
)

// isOurStore tells whether what stands behind the covered part is just what the gateway appends; the seal ends at `end`.
func isOurStore(file []byte, covered, end int) bool {
	mark := bytes.Index(file[covered:], []byte(" 0 obj\n<<\n/Type /DSS\n"))
	if mark < 0 {
		return false
	}
	begin := bytes.LastIndexByte(file[covered:covered+mark], '\n')
	if begin < 0 {
		return false
	}
	store := storeObject.FindSubmatch(file[covered+begin:])
	if store == nil {
		return false
	}
	at, values := covered+begin+len(store[0]), map[string][][]byte{}
	for _, list := range storeList.FindAllSubmatch(store[1], -1) {
		for range bytes.Count(list[2], []byte("R")) {
			head := streamHead.FindSubmatch(file[at:min(len(file), at+100)])
			if head == nil {
				return false
			}
			length, _ := strconv.Atoi(string(head[1]))
			from := at + len(head[0])
			if from+length+len(streamFoot) > len(file) {
				return false
			}
			values[string(list[1])] = append(values[string(list[1])], file[from:from+length])
			at = from + length + len(streamFoot)
		}
	}
	written := withStore(file[:covered], end, values)
	return written != nil && bytes.Equal(written, file)
}

// withStore writes a PDF with such a store behind it; nil where it does not end as the gateway writes it.
func withStore(pdf []byte, end int, values map[string][][]byte) []byte {
	trailer := lastTrailer.FindSubmatch(pdf[end:])
	if trailer == nil {
		return nil
	}
	store, _ := strconv.Atoi(string(trailer[1]))
	root, _ := strconv.Atoi(string(trailer[2]))
	table, _ := strconv.Atoi(string(trailer[5]))
	catalog := catalogOf(pdf, root, table)
	if catalog == nil {
		return nil
	}
	objects, following, named := map[int]string{}, store+1, ""
	for _, name := range storeNames {
		list := ""
		for _, content := range values[name] {
			objects[following] = fmt.Sprintf("<<\n/Length %d\n>>\nstream\n%s\nendstream", len(content), content)
			list += fmt.Sprintf("%d 0 R ", following)
			following++
		}
		if list != "" {
			named += fmt.Sprintf("/%s [ %s]\n", name, list)
		}
	}
	objects[store] = "<<\n/Type /DSS\n" + named + ">>"
	objects[root] = fmt.Sprintf("%s\n/DSS %d 0 R\n>>", catalog, store)
	numbers := make([]int, 0, len(objects))
	for number := range objects {
		numbers = append(numbers, number)
	}
	sort.Ints(numbers)
	body, places := []byte("\n"), map[int]int{}
	for _, number := range numbers {
		places[number] = len(pdf) + len(body)
		body = append(body, fmt.Sprintf("%d 0 obj\n%s\nendobj\n", number, objects[number])...)
	}
	begins := len(pdf) + len(body)
	whole := append(append([]byte{}, pdf...), body...)
	digest := sha256.Sum256(whole)
	changed := hex.EncodeToString(digest[:])[:len(trailer[4])]
	whole = append(whole, "xref\n"...)
	for from := 0; from < len(numbers); {
		to := from + 1
		for to < len(numbers) && numbers[to] == numbers[to-1]+1 {
			to++
		}
		whole = append(whole, fmt.Sprintf("%d %d\n", numbers[from], to-from)...)
		for _, number := range numbers[from:to] {
			whole = append(whole, fmt.Sprintf("%010d 00000 n \n", places[number])...)
		}
		from = to
	}
	return append(whole, fmt.Sprintf("trailer\n<<\n/Size %d\n/Root %d 0 R\n/Info %s 0 R\n/ID [ <%s> <%s> ]\n/Prev %d\n>>\nstartxref\n%d\n%%%%EOF\n",
		following, root, trailer[3], trailer[4], changed, table, begins)...)
}

// catalogOf is the catalog as the seal has it, without its end; the table of references at that place says where it is.
func catalogOf(pdf []byte, number, table int) []byte {
	if table >= len(pdf) {
		return nil
	}
	for _, section := range xrefSection.FindAllSubmatch(pdf[table:], -1) {
		first, _ := strconv.Atoi(string(section[1]))
		count, _ := strconv.Atoi(string(section[2]))
		index := number - first
		if index < 0 || index >= count || (index+1)*xrefEntry > len(section[3]) {
			continue
		}
		at, err := strconv.Atoi(strings.TrimLeft(string(section[3][index*xrefEntry:index*xrefEntry+10]), "0"))
		head := fmt.Sprintf("%d 0 obj\n<<\n", number)
		if err != nil || at >= len(pdf) || !bytes.HasPrefix(pdf[at:], []byte(head)) {
			continue
		}
		if length := bytes.Index(pdf[at:], []byte("\n>>\nendobj")); length >= len(head)-3 {
			return pdf[at+len(head)-3 : at+length]
		}
	}
	return nil
}
