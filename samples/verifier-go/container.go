package main

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"io"
	"regexp"
	"strings"
	"time"
)

// The container (ASiC-E; V71 to V74).

const (
	containerType  = "application/vnd.etsi.asic-e+zip"
	containerSeal  = "META-INF/signatures001.xml"
	containerList  = "META-INF/manifest.xml"
	maxSignature   = 8 * mib
	maxDirectory   = 32 * kib
	maxInContainer = 64
	asicStart      = `<asic:XAdESSignatures xmlns:asic="http://uri.etsi.org/02918/v1.2.1#">`
)

type container struct {
	members   []member
	signature []byte
	list      []byte
}

func isContainer(file []byte) bool {
	return bytes.HasPrefix(file, []byte("PK")) && len(file) > 30 && bytes.HasPrefix(file[30:], []byte("mimetype"+containerType))
}

type zipEntry struct {
	name          string
	flags, method uint16
	crc           uint32
	said          []byte // by the directory: version, flags, method, time and date
	packed, size  uint64
	offset        uint64
}

func (c *check) verifyContainer(file []byte) {
	found, err := readContainer(file)
	if c.tell("container", err) != passed {
		return
	}
	c.container, c.members, c.bundle = found, found.members, true
	c.tell("manifest", c.checkManifest())
	c.file = c.member("receipt.xml")
	c.verifyReceipt()
}

// readContainer is V71.
func readContainer(file []byte) (*container, error) {
	entries, err := readDirectory(file)
	if err != nil {
		return nil, breaks("V71", "%v", err)
	}
	total, contents, names := uint64(0), map[string][]byte{}, map[string]bool{}
	at := uint64(0)
	for index, one := range entries {
		if one.offset != at {
			return nil, breaks("V71", "there is a gap before %q", one.name)
		}
		folded := strings.ToLower(one.name)
		if names[folded] {
			return nil, breaks("V71", "%q is there twice", one.name)
		}
		names[folded] = true
		limit, known := containerLimit(one.name)
		if !known || (index == 0) != (one.name == "mimetype") {
			return nil, breaks("V71", "%q is nothing that a container has, or not where it must be", one.name)
		}
		if total += one.size; one.size > uint64(limit) || total > maxFile {
			return nil, breaks("V71", "%q is too large", one.name)
		}
		content, end, err := readEntry(file, one)
		if err != nil {
			return nil, breaks("V71", "%q: %v", one.name, err)
		}
		contents[one.name], at = content, end
	}
	if at != directoryStart(file) {
		return nil, breaks("V71", "there is a gap before the directory")
	}
	if entries[0].method != 0 || string(contents["mimetype"]) != containerType {
		return nil, breaks("V71", "the first member is not the type")
	}
	made := &container{signature: contents[containerSeal], list: contents[containerList]}
	for _, kind := range members {
		content, there := contents[kind.name]
		if there {
			made.members = append(made.members, member{kind.name, content})
		} else if kind.always && kind.name != "manifest.sig" {
			return nil, breaks("V71", "there is no %s", kind.name)
		}
	}
	if _, there := contents[containerSeal]; !there {
		return nil, breaks("V71", "there is no %s", containerSeal)
	}
	return made, nil
}

func containerLimit(name string) (int, bool) {
	if name == "mimetype" {
		return len(containerType), true
	}
	if rest, ok := strings.CutPrefix(name, "META-INF/"); ok {
		return maxSignature, nameInMeta.MatchString(rest)
	}
	for _, kind := range members {
		if kind.name == name {
			return kind.limit, name != "manifest.sig"
		}
	}
	return 0, false
}

var nameInMeta = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$`)

func directoryStart(file []byte) uint64 { return uint64(le.Uint32(file[len(file)-6:])) }

func readDirectory(file []byte) ([]zipEntry, error) {
	if len(file) < 22 || !bytes.HasPrefix(file[len(file)-22:], []byte("PK\x05\x06\x00\x00\x00\x00")) {
		return nil, fmt.Errorf("the file does not end as it must")
	}
	end := file[len(file)-22:]
	count, size, start := le.Uint16(end[8:]), uint64(le.Uint32(end[12:])), directoryStart(file)
	if le.Uint16(end[10:]) != count || le.Uint16(end[20:]) != 0 || size > maxDirectory || start+size != uint64(len(file)-22) ||
		count == 0 || count > maxInContainer {
		return nil, fmt.Errorf("the directory is not in its form")
	}
	var found []zipEntry
	rest := file[start : start+size]
	for len(rest) > 0 {
		if len(rest) < 46 || !bytes.HasPrefix(rest, []byte("PK\x01\x02")) {
			return nil, fmt.Errorf("an entry is not in its form")
		}
		name := int(le.Uint16(rest[28:]))
		if len(rest) < 46+name || le.Uint16(rest[30:]) != 0 || le.Uint16(rest[32:]) != 0 || le.Uint16(rest[34:]) != 0 || !plainFile(rest) {
			return nil, fmt.Errorf("an entry is not that of a plain file")
		}
		made := zipEntry{
			name: string(rest[46 : 46+name]), said: rest[6:16], flags: le.Uint16(rest[8:]), method: le.Uint16(rest[10:]), crc: le.Uint32(rest[16:]),
			packed: uint64(le.Uint32(rest[20:])), size: uint64(le.Uint32(rest[24:])), offset: uint64(le.Uint32(rest[42:])),
		}
		if made.method != 0 && made.method != 8 || !printableASCII(made.name) {
			return nil, fmt.Errorf("an entry with flags or a method that it may not have")
		}
		found = append(found, made)
		rest = rest[46+name:]
	}
	if len(found) != int(count) {
		return nil, fmt.Errorf("the directory does not count its entries")
	}
	return found, nil
}

func printableASCII(name string) bool {
	return name != "" && strings.IndexFunc(name, func(one rune) bool { return one < 0x21 || one > 0x7e }) < 0
}

var zipVersions = map[byte]bool{10: true, 20: true, 30: true, 45: true, 51: true, 62: true, 63: true}

// plainFile tells whether an entry is that of a plain file; Info-ZIP says a little more of it than others.
func plainFile(entry []byte) bool {
	flags, internal, external := le.Uint16(entry[8:]), le.Uint16(entry[36:]), le.Uint32(entry[38:])
	if entry[4] == 30 && entry[5] == 3 {
		if le.Uint16(entry[10:]) == 8 {
			flags &^= 6
		}
		internal &^= 1
		if external&0xffff == 0 && external>>16 >= 0x8000 && external>>16 <= 0x81ff {
			external = 0
		}
	}
	return zipVersions[entry[4]] && (entry[5] == 0 || entry[5] == 3) && zipVersions[entry[6]] && entry[7] == 0 &&
		flags&^0x808 == 0 && internal == 0 && (external == 0 || external == 0x81a40000 || external == 0x81800000 || external == 0x01800000)
}

// readEntry returns the content of a member, and where what is behind it begins.
func readEntry(file []byte, one zipEntry) ([]byte, uint64, error) {
	begin := one.offset + 30 + uint64(len(one.name))
	if begin+one.packed > uint64(len(file)) {
		return nil, 0, fmt.Errorf("it is longer than the file")
	}
	header := file[one.offset:begin]
	crc, packed, size := one.crc, one.packed, one.size
	deferred := one.flags&8 != 0
	if deferred {
		crc, packed, size = 0, 0, 0
	}
	said := le.Uint32(header[14:]) == crc && uint64(le.Uint32(header[18:])) == packed && uint64(le.Uint32(header[22:])) == size
	if !bytes.HasPrefix(header, []byte("PK\x03\x04")) || !bytes.Equal(header[4:14], one.said) || int(le.Uint16(header[26:])) != len(one.name) || le.Uint16(header[28:]) != 0 ||
		string(header[30:]) != one.name || !said {
		return nil, 0, fmt.Errorf("its header says something else than the directory")
	}
	content, end := file[begin:begin+one.packed], begin+one.packed
	if deferred {
		wanted := le.AppendUint32([]byte("PK\x07\x08"), one.crc)
		wanted = le.AppendUint32(le.AppendUint32(wanted, uint32(one.packed)), uint32(one.size))
		if !bytes.HasPrefix(file[end:], wanted) {
			return nil, 0, fmt.Errorf("its data descriptor says something else than the directory")
		}
		end += uint64(len(wanted))
	}
	if one.method == 8 {
		source := bytes.NewReader(content)
		unpacked, err := io.ReadAll(io.LimitReader(flate.NewReader(source), int64(one.size)+1))
		if err != nil || source.Len() > 0 {
			return nil, 0, fmt.Errorf("it cannot be inflated")
		}
		content = unpacked
	}
	if uint64(len(content)) != one.size || crc32.ChecksumIEEE(content) != one.crc {
		return nil, 0, fmt.Errorf("it is not what the directory announces")
	}
	return content, end, nil
}

const (
	containerHead = `
<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="container-seal">
<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:CanonicalizationMethod>
<ds:SignatureMethod Algorithm="{method}"></ds:SignatureMethod>`
	containerFile = `
<ds:Reference Id="file-{n}" URI="{name}"><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>
<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>`
	containerMiddle = `
<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#container-seal-properties"><ds:Transforms>
<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform></ds:Transforms>
<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue>{properties}</ds:DigestValue></ds:Reference>
</ds:SignedInfo><ds:SignatureValue Id="container-seal-value">{value}</ds:SignatureValue>
<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>
<ds:Object><xades:QualifyingProperties xmlns:xades="http://uri.etsi.org/01903/v1.3.2#" Target="#container-seal">
<xades:SignedProperties Id="container-seal-properties"><xades:SignedSignatureProperties><xades:SigningTime>{instant}</xades:SigningTime>
<xades:SigningCertificateV2><xades:Cert><xades:CertDigest><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>
<ds:DigestValue>{certificate digest}</ds:DigestValue></xades:CertDigest></xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties>
<xades:SignedDataObjectProperties>`
	containerFormat = `<xades:DataObjectFormat ObjectReference="#file-{n}"><xades:MimeType>{type}</xades:MimeType></xades:DataObjectFormat>`
	containerEnd    = `</xades:SignedDataObjectProperties></xades:SignedProperties></xades:QualifyingProperties></ds:Object></ds:Signature></asic:XAdESSignatures>`
)

var types = []struct{ ending, kind string }{
	{".xml", "text/xml"}, {".pdf", "application/pdf"}, {".json", "application/json"}, {".txt", "text/plain"}, {".note", "text/plain"},
	{".cer", "application/pkix-cert"}, {".tst", "application/timestamp-token"},
}

func typeOf(name string) string {
	for _, one := range types {
		if strings.HasSuffix(name, one.ending) {
			return one.kind
		}
	}
	return "application/octet-stream"
}

// sealOf removes what others have put in, and returns the canonical form (V72).
func (c *container) sealOf() (string, error) {
	if bytes.Contains(c.signature, []byte("<!")) {
		return "", fmt.Errorf("there is <! in it")
	}
	root, err := parseXML(c.signature)
	if err != nil {
		return "", err
	}
	qualifying := root.only(dsNS, "Signature", "Object").only(xadesNS, "QualifyingProperties")
	if qualifying != nil {
		if unsigned := qualifying.only(xadesNS, "UnsignedProperties"); unsigned != nil {
			if _, err := readAdditions(root, unsigned); err != nil {
				return "", err
			}
			var kept []any
			for _, child := range qualifying.children {
				if child != any(unsigned) {
					kept = append(kept, child)
				}
			}
			qualifying.children = kept
		}
	}
	return string(root.canonical()), nil
}

// checkSeal is V72 to V74, but for the manifest.
func (c *container) checkSeal(seals folder, named *pinned) error {
	text, err := c.sealOf()
	if err != nil {
		return breaks("V72", "%v", err)
	}
	references, formats, count := "", "", len(c.members)
	number := func(of string, n int, name, digest string) string {
		return strings.NewReplacer("{n}", fmt.Sprint(n), "{name}", name, "{digest}", digest, "{type}", typeOf(name), "\n", "").Replace(of)
	}
	for at, name := range c.order(text, count) {
		var content []byte
		for _, one := range c.members {
			if one.name == name {
				content = one.content
			}
		}
		references += number(containerFile, at, name, base64Sum(content))
		formats += number(containerFormat, at, name, "")
	}
	whole := newTemplate(asicStart + containerHead + references + containerMiddle + formats + containerEnd)
	parts, ok := whole.match(text)
	if !ok {
		return breaks("V74", "the container's seal is not in its form, or of other files")
	}
	der, ok := strictBase64(parts["certificate"])
	known := seals.find(der)
	if !ok || known == nil || known != named || parts["certificate digest"] != base64.StdEncoding.EncodeToString(sum(der)) {
		return breaks("V73", "the container's certificate is no pinned seal, or not the manifest's")
	}
	if wanted := methods[sealKind(known.certificate)]; wanted == "" || parts["method"] != wanted {
		return breaks("V22", "the algorithm is not that of the pinned key")
	}
	properties := putNamespaces(between(text, "<xades:SignedProperties ", "</xades:SignedProperties>"))
	if parts["properties"] != base64Sum([]byte(properties)) {
		return breaks("V72", "the digest of the properties is of something else")
	}
	signed := strings.Replace(between(text, "<ds:SignedInfo>", "</ds:SignedInfo>"), "<ds:SignedInfo", "<ds:SignedInfo"+seesDS, 1)
	value, ok := strictBase64(parts["value"])
	if !ok {
		return breaks("V73", "the signature value is not base64 in its one spelling")
	}
	if err := sealSignedInXML(known.certificate, []byte(signed), value, false); err != nil {
		return err
	}
	var at time.Time
	if at, ok = instant(parts["instant"]); !ok || !known.period.covers(at) {
		return breaks("V73", "the seal's period does not cover the instant of the container")
	}
	return c.checkList()
}

// order is that in which the seal names the files; each must then be there, and once.
func (c *container) order(text string, count int) []string {
	var found []string
	seen := map[string]bool{}
	for rest := text; len(found) <= count; {
		at := strings.Index(rest, `<ds:Reference Id="file-`)
		if at < 0 {
			break
		}
		rest = rest[at:]
		name := between(rest, `URI="`, `">`)
		name = strings.TrimSuffix(strings.TrimPrefix(name, `URI="`), `">`)
		found = append(found, name)
		seen[name] = true
		rest = rest[1:]
	}
	if len(found) == count && len(seen) == count {
		all := true
		for _, one := range c.members {
			all = all && seen[one.name]
		}
		if all {
			return found
		}
	}
	found = nil
	for _, one := range c.members {
		found = append(found, one.name)
	}
	return found
}

// checkList is V74 of META-INF/manifest.xml.
func (c *container) checkList() error {
	if len(c.list) == 0 {
		return nil
	}
	entry := func(name, kind string) string {
		return `<manifest:file-entry manifest:full-path="` + name + `" manifest:media-type="` + kind + `"/>`
	}
	made := `<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">` + entry("/", containerType)
	for _, one := range c.members {
		made += entry(one.name, typeOf(one.name))
	}
	if string(c.list) != made+"</manifest:manifest>\n" {
		return breaks("V74", "META-INF/manifest.xml lists something else")
	}
	return nil
}
