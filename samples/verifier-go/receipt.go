package main

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// The receipt by bytes (V19 to V31).

const (
	evidenceNS  = "urn:notigateway:evidence:1"
	maxOriginal = 4 * mib
	maxReceipt  = 5 * mib
	seesDS      = ` xmlns:ds="http://www.w3.org/2000/09/xmldsig#"`
	seesXAdES   = ` xmlns:xades="http://uri.etsi.org/01903/v1.3.2#"`

	stampBegin = `<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:SignatureTimeStamp>` +
		`<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:CanonicalizationMethod>` +
		`<xades:EncapsulatedTimeStamp>`
	stampEnd = `</xades:EncapsulatedTimeStamp></xades:SignatureTimeStamp>` +
		`</xades:UnsignedSignatureProperties></xades:UnsignedProperties>`
)

// policies by their name: the SHA-256 of their text (V24).
var policies = map[string]string{
	"urn:notigateway:evidence-policy:1": "1b4fcef73e1e4854d8df3a7d0346f42739a7c466c369a9e27735baaf82aaa417",
	"urn:notigateway:evidence-policy:2": "1b4eaa6f58dee9a78cdd01514c3920e8ede0a4007e3ea1f91207ef1e0575f724",
	"urn:notigateway:evidence-policy:3": "b473b8e99de9fa8225ca06a57f023904cfc8694bcd8fbb0c26b5725b10e3fe6c",
	"urn:notigateway:evidence-policy:4": "424dae76a8414bbaaac7463dc46121b33e0409c322aefb039b7efb5154d08932",
}

// receipt is a receipt, or the certificate of a power, that could be taken apart.
type receipt struct {
	original []byte
	tree     *element // of the original, however it is spelt
	token    string   // base64, as V29 has it
	stamped  bool
	extra    *additions // V32, or nil
	seal     *seal      // once its seal holds
}

// seal is what was read of a seal that holds.
type seal struct {
	pinned    *pinned
	instant   time.Time
	policy    string
	value     string
	method    string
	content   []byte // what {content} digests
	signed    []byte // what {properties} digests
	key       []byte // what {key} digests
	signature []byte // SignedInfo by itself
	facts     *element
}

// readReceipt takes the time-stamp out (V29, V32); what it cannot take apart is an error.
func readReceipt(file []byte, root string) (*receipt, error) {
	if len(file) > maxReceipt {
		return nil, breaks("V19", "it is too large")
	}
	made := &receipt{original: file}
	if root == "Evidence" {
		if original, token, ok := takeStampOut(file); ok {
			made.original, made.token, made.stamped = original, token, true
		} else if bytes.Contains(file, []byte("UnsignedProperties")) {
			var err error
			if made.original, made.extra, err = takeAdditionsOut(file); err != nil {
				return nil, breaks("V32", "%v", err)
			}
		}
	}
	if len(made.original) > maxOriginal {
		return nil, breaks("V19", "the original is too large")
	}
	if bytes.Contains(made.original, []byte("<!")) || bytes.Contains(made.original, []byte("<?")) {
		return nil, breaks("V19", "there is <! or <? in it")
	}
	var err error
	if made.tree, err = parseXML(made.original); err != nil {
		return nil, breaks("V19", "%v", err)
	}
	return made, nil
}

func takeStampOut(file []byte) (original []byte, token string, ok bool) {
	mark := []byte("</xades:SignedProperties>" + stampBegin)
	begin := bytes.LastIndex(file, mark)
	if begin < 0 {
		return nil, "", false
	}
	cut := begin + len("</xades:SignedProperties>")
	rest := file[begin+len(mark):]
	end := bytes.IndexByte(rest, '<')
	if end < 0 || !bytes.HasPrefix(rest[end:], []byte(stampEnd+"</xades:QualifyingProperties>")) {
		return nil, "", false
	}
	if _, spelt := strictBase64(string(rest[:end])); !spelt {
		// It is then somebody else's, and judged as what they add.
		return nil, "", false
	}
	original = append(append([]byte{}, file[:cut]...), rest[end+len(stampEnd):]...)
	if bytes.Contains(original, []byte("UnsignedProperties")) {
		return nil, "", false
	}
	return original, string(rest[:end]), true
}

// stampedWith writes the original with a token as V30 has it.
func stampedWith(original []byte, token string) []byte {
	end := []byte("</xades:SignedProperties>")
	at := bytes.LastIndex(original, end)
	if at < 0 {
		return nil
	}
	at += len(end)
	made := append([]byte{}, original[:at]...)
	made = append(made, stampBegin+token+stampEnd...)
	return append(made, original[at:]...)
}

// certificate returns the DER that stands in the seal, as the tree has it, for the step "seal certificate".
func (r *receipt) certificate() []byte {
	seals := r.tree.named(dsNS, "Signature")
	if len(seals) == 0 {
		return nil
	}
	text := seals[0].only(dsNS, "KeyInfo", "X509Data", "X509Certificate").text()
	found, _ := lenientBase64(text)
	return found
}

// factTime is ReportedAt, or else EventTime (V27).
func factTime(facts *element) (time.Time, bool) {
	if report := facts.only(evidenceNS, "Report"); report != nil {
		return instant(report.only(evidenceNS, "ReportedAt").text())
	}
	return instant(facts.only(evidenceNS, "EventTime").text())
}

func (r *receipt) fact(path ...string) string { return r.seal.facts.only(evidenceNS, path...).text() }

// canonicalContent checks the content's bytes (V19): all before the seal, and the end tag of the root.
func canonicalContent(content []byte, root string) error {
	if !utf8.Valid(content) {
		return fmt.Errorf("it is not UTF-8")
	}
	text := string(content)
	begin := "<" + root + ` xmlns="` + evidenceNS + `">`
	if !strings.HasPrefix(text, begin) {
		return fmt.Errorf("it does not begin as it must")
	}
	open := []string{root}
	at := len(begin)
	for at < len(text) {
		next := strings.IndexByte(text[at:], '<')
		if next < 0 {
			next = len(text) - at
		}
		if err := canonicalText(text[at : at+next]); err != nil {
			return err
		}
		if at += next; at == len(text) {
			break
		}
		end := strings.IndexByte(text[at:], '>')
		if end < 0 || len(open) == 0 || len(open) > maxDepth {
			return fmt.Errorf("a tag does not end, or stands outside")
		}
		name := text[at+1 : at+end]
		at += end + 1
		if strings.HasPrefix(name, "/") {
			if open[len(open)-1] != name[1:] {
				return fmt.Errorf("<%s> ends nothing", name)
			}
			open = open[:len(open)-1]
			if len(open) == 0 && at != len(text) {
				return fmt.Errorf("something stands behind it")
			}
			continue
		}
		if name == "" || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
			return fmt.Errorf("a tag with more than a name")
		}
		open = append(open, name)
	}
	if len(open) > 0 {
		return fmt.Errorf("it does not end")
	}
	return nil
}

func canonicalText(text string) error {
	if strings.ContainsAny(text, ">\r") {
		return fmt.Errorf("a text with > or a carriage return")
	}
	for text != "" {
		at := strings.IndexByte(text, '&')
		if at < 0 {
			return nil
		}
		text = text[at:]
		known := false
		for _, one := range []string{"&amp;", "&lt;", "&gt;", "&#xD;"} {
			if strings.HasPrefix(text, one) {
				text, known = text[len(one):], true
				break
			}
		}
		if !known {
			return fmt.Errorf("a text with an & that canonical XML has not")
		}
	}
	return nil
}

// checkSeal is the step "seal" (V19, V21 to V28); what holds is in r.seal then.
func (r *receipt) checkSeal(seals folder, root string) error {
	begin := bytes.Index(r.original, []byte("<ds:Signature "))
	end := []byte("</" + root + ">")
	if begin < 0 || !bytes.HasSuffix(r.original, end) {
		return breaks("V19", "there is no seal at the end")
	}
	content := append(append([]byte{}, r.original[:begin]...), end...)
	if err := canonicalContent(content, root); err != nil {
		return breaks("V19", "%v", err)
	}
	text := string(r.original[begin : len(r.original)-len(end)])
	parts, ok := sealTemplate.match(text)
	if !ok {
		return breaks("V21", "the seal has not the structure that it must")
	}
	if err := parts.identifiers("S", "R", "P", "K"); err != nil || parts["P"] == parts["K"] {
		return breaks("V21", "an identifier that is none, or two that are one")
	}
	if canonicalText(parts["words"]) != nil {
		return breaks("V21", "the words of the policy are not canonical")
	}
	made := &seal{content: content, value: parts["value"], method: parts["method"], policy: parts["policy"]}
	if err := made.checkCertificate(parts, seals); err != nil {
		return err
	}
	if hash, known := policies[made.policy]; !known || parts["policy digest"] != base64OfHex(hash) {
		return breaks("V24", "the policy is none that is published")
	}
	made.signed = []byte(putNamespaces(between(text, "<xades:SignedProperties ", "</xades:SignedProperties>")))
	made.key = []byte(strings.Replace(between(text, "<ds:KeyInfo ", "</ds:KeyInfo>"), "<ds:KeyInfo", "<ds:KeyInfo"+seesDS, 1))
	made.signature = []byte(strings.Replace(between(text, "<ds:SignedInfo>", "</ds:SignedInfo>"), "<ds:SignedInfo", "<ds:SignedInfo"+seesDS, 1))
	if parts["content"] != base64Sum(content) || parts["properties"] != base64Sum(made.signed) || parts["key"] != base64Sum(made.key) {
		return breaks("V25", "a digest is of something else")
	}
	value, ok := strictBase64(parts["value"])
	if !ok {
		return breaks("V26", "the signature value is not base64 in its one spelling")
	}
	if err := sealSignedInXML(made.pinned.certificate, made.signature, value, made.policy != latestPolicy); err != nil {
		return err
	}
	facts, err := parseXML(content)
	if err != nil {
		return breaks("V19", "%v", err)
	}
	stated, good := factTime(facts)
	made.instant, ok = instant(parts["instant"])
	if !good || !ok || !stated.Equal(made.instant) {
		return breaks("V27", "the seal's instant is not that of the fact")
	}
	if !made.pinned.period.covers(made.instant) {
		return breaks("V27", "the seal's period does not cover its instant")
	}
	made.facts = facts
	r.seal = made
	return nil
}

const latestPolicy = "urn:notigateway:evidence-policy:4"

func (s *seal) checkCertificate(parts captured, seals folder) error {
	lines := strings.Split(parts["certificate"], "\n")
	der, ok := strictBase64(strings.Join(lines, ""))
	if !ok {
		return breaks("V23", "the certificate is not base64")
	}
	for _, line := range lines {
		if len(lines) > 1 && len(line) > 64 {
			return breaks("V23", "the certificate's lines are too long")
		}
	}
	if s.pinned = seals.find(der); s.pinned == nil {
		return breaks("V23", "the certificate is no pinned seal")
	}
	if parts["certificate digest"] != base64Sum(der) {
		return breaks("V23", "the digest of the certificate is of something else")
	}
	return s.checkMethod(s.method, s.pinned.certificate)
}

func (s *seal) checkMethod(method string, certificate *x509.Certificate) error {
	if wanted := methods[sealKind(certificate)]; wanted == "" || method != wanted {
		return breaks("V22", "the algorithm is not that of the pinned key")
	}
	return nil
}

var methods = map[string]string{
	"ecdsa": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
	"rsa":   "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
}

// signedValue is what a time-stamp of the seal is about (V30).
func (s *seal) signedValue() []byte {
	return []byte("<ds:SignatureValue" + seesDS + ">" + s.value + "</ds:SignatureValue>")
}
