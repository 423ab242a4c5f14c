package main

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"regexp"
	"strconv"
	"time"
)

// The form for people, a PDF (V79 to V83). Of what is appended behind its seal it knows the gateway's own (V90): of anything else it cannot tell what it does.

const (
	maxForm  = 16 * mib
	maxGapOf = 256 * kib
)

// form is a PDF whose seal holds.
type form struct {
	seal     *pinned
	at       time.Time
	attached []byte
	token    []byte // in its container, or nil
	value    []byte // the signature
}

var byteRange = regexp.MustCompile(`^/ByteRange \[0 ([0-9]{1,9}) ([0-9]{1,9}) ([0-9]{1,9})\]`)

// readForm is V79 to V82.
func readForm(file []byte, seals folder) (*form, error) {
	if len(file) > maxForm {
		return nil, breaks("V79", "the PDF is too large")
	}
	mark := bytes.Index(file, []byte("/ByteRange"))
	var parts [][]byte
	if mark >= 0 {
		parts = byteRange.FindSubmatch(file[mark:min(len(file), mark+64)])
	}
	if parts == nil {
		return nil, breaks("V79", "the PDF has no seal")
	}
	a, _ := strconv.Atoi(string(parts[1]))
	b, _ := strconv.Atoi(string(parts[2]))
	length, _ := strconv.Atoi(string(parts[3]))
	if a >= b || b+length > len(file) || b-a > maxGapOf || b-a < 4 || file[a] != '<' || file[b-1] != '>' {
		return nil, breaks("V79", "the seal is not where the PDF says")
	}
	digits := file[a+1 : b-1]
	container, err := hex.DecodeString(string(digits))
	if err != nil || !bytes.Equal(digits, bytes.ToUpper(digits)) {
		return nil, breaks("V80", "the container is not in digits of upper case")
	}
	if b+length != len(file) && !isOurStore(file, b+length, b) {
		return nil, breaks("V81", "others have appended something, and this verifier cannot tell what it does")
	}
	file = file[:b+length]
	covered := append(append([]byte{}, file[:a]...), file[b:]...)
	made := &form{}
	high, err := made.readContainer(container, covered, seals)
	if err != nil {
		return nil, err
	}
	if err := made.readDocument(file, container, []int{0, a, b, length}); err != nil {
		return nil, err
	}
	if !made.seal.period.covers(made.at) {
		return nil, breaks("V81", "the seal's period does not cover the instant of the PDF")
	}
	receipt, err := readReceipt(made.attached, "Evidence")
	if err != nil || receipt.stamped || receipt.extra != nil {
		return nil, breaks("V82", "what is attached is not a receipt as it was issued")
	}
	text := between(string(made.attached), "<ds:Signature ", "</ds:Signature>")
	if parts, ok := sealTemplate.match(text); high && !(ok && policies[parts["policy"]] != "" && parts["policy"] != latestPolicy) {
		return nil, breaks("V10", "the PDF's signature is in its high form")
	}
	return made, nil
}

// readContainer is V80; it tells whether the signature is in its high form.
func (f *form) readContainer(container, covered []byte, seals folder) (high bool, err error) {
	wrong := breaks("V80", "the container is not in its form")
	whole, rest, err := readDER(container)
	if err != nil || whole.strict(0) != nil || len(bytes.Trim(rest, "\x00")) > 0 {
		return false, wrong
	}
	outer, ok := whole.has(0x06, 0xa0)
	if !ok || whole.tag != 0x30 || !outer[0].isOID(oidSignedData) {
		return false, wrong
	}
	inside, ok := outer[1].has(0x30)
	if !ok {
		return false, wrong
	}
	parts, ok := inside[0].has(0x02, 0x31, 0x30, 0xa0, 0x31)
	if !ok || !parts[0].isNumber(1) {
		return false, wrong
	}
	algorithm, one := parts[1].has(0x30)
	content, two := parts[2].has(0x06)
	certificate, three := parts[3].has(0x30)
	signer, four := parts[4].has(0x30)
	if !one || !two || !three || !four || !content[0].isOID(oidData) {
		return false, wrong
	}
	if hash, ok := plainHash(algorithm[0], true); !ok || hash != crypto.SHA256 {
		return false, wrong
	}
	if f.seal = seals.find(certificate[0].raw); f.seal == nil {
		return false, breaks("V80", "the PDF's certificate is no pinned seal")
	}
	return f.readSigner(signer[0], covered)
}

func (f *form) readSigner(signer der, covered []byte) (high bool, err error) {
	wrong := breaks("V80", "the SignerInfo is not in its form")
	parts, err := signer.children()
	if err != nil || len(parts) != 6 && len(parts) != 7 {
		return false, wrong
	}
	named, ok := parts[1].has(0x30, 0x02)
	if !ok {
		return false, wrong
	}
	var serial *big.Int
	_, err = asn1.Unmarshal(named[1].raw, &serial)
	if err != nil || !parts[0].isNumber(1) || parts[1].tag != 0x30 || !bytes.Equal(named[0].raw, f.seal.certificate.RawIssuer) ||
		serial.Cmp(f.seal.certificate.SerialNumber) != 0 || parts[3].tag != 0xa0 || parts[4].tag != 0x30 || parts[5].tag != 0x04 {
		return false, wrong
	}
	if hash, ok := plainHash(parts[2], true); !ok || hash != crypto.SHA256 {
		return false, wrong
	}
	attributes, err := signedAttributes(parts[3])
	if err != nil {
		return false, wrong
	}
	kind, digest, naming := attributes[oidContentType], attributes[oidMessageDigest], attributes[oidSigningCertV2]
	if len(kind) != 1 || !kind[0].isOID(oidData) || len(digest) != 1 || digest[0].tag != 0x04 || !bytes.Equal(digest[0].body, sum(covered)) {
		return false, breaks("V80", "the seal is of something else")
	}
	if len(naming) != 1 || !namesFirst(naming[0], f.seal.certificate.Raw) {
		return false, breaks("V80", "the seal names another certificate")
	}
	if err := f.checkAlgorithm(parts[4]); err != nil {
		return false, err
	}
	f.value = parts[5].body
	signed := append([]byte{0x31}, parts[3].raw[1:]...)
	if err := sealSigned(f.seal.certificate, signed, f.value, true); err != nil {
		return false, err
	}
	high = sealSigned(f.seal.certificate, signed, f.value, false) != nil
	if len(parts) == 7 {
		unsigned, err := signedAttributes(parts[6])
		stamps := unsigned[oidTimeStampToken]
		if err != nil || parts[6].tag != 0xa1 || len(unsigned) != 1 || len(stamps) != 1 {
			return false, breaks("V80", "there is more unsigned than one time-stamp")
		}
		f.token = stamps[0].raw
	}
	return high, nil
}

func (f *form) checkAlgorithm(algorithm der) error {
	parts, err := algorithm.children()
	good := err == nil && len(parts) > 0
	if good && sealKind(f.seal.certificate) == "ecdsa" {
		good = len(parts) == 1 && parts[0].isOID(oidECWithSHA256)
	} else if good {
		good = len(parts) == 2 && parts[0].isOID(oidPSS) && pssOf(parts[1], crypto.SHA256)
	}
	if !good {
		return breaks("V80", "the algorithm is not that of the pinned key")
	}
	return nil
}

// namesFirst tells whether the first ESSCertIDv2 of an attribute is of a certificate, by SHA-256.
func namesFirst(value der, certificate []byte) bool {
	parts, err := value.children()
	if err != nil || value.tag != 0x30 || len(parts) == 0 || parts[0].tag != 0x30 {
		return false
	}
	all, err := parts[0].children()
	return err == nil && len(all) > 0 && namesCertificate(all[0], certificate)
}

var pdfInstant = regexp.MustCompile(`^D:([0-9]{14})(Z|Z00'00'?|[+]00'00'?|[-]00'00'?)$`)

// readDocument is V81 and V82.
func (f *form) readDocument(file, container []byte, wanted []int) error {
	wrong := func(says string) error { return breaks("V81", "%s", says) }
	document, err := readPDF(file)
	if err != nil {
		return wrong("the PDF cannot be read: " + err.Error())
	}
	catalog := document.get(document.trailer, "Root")
	sealed := document.get(catalog, "Perms", "DocMDP")
	if contents, ok := document.get(sealed, "Contents").(pdfString); !ok || string(contents) != string(container) {
		return wrong("the signature that permits changes is another one")
	}
	if found := numbers(document.get(sealed, "ByteRange")); len(found) != 4 || found[0] != wanted[0] || found[1] != wanted[1] || found[2] != wanted[2] || found[3] != wanted[3] {
		return wrong("the seal covers something else")
	}
	if references, ok := document.get(sealed, "Reference").([]any); !ok || len(references) != 1 ||
		document.get(references[0], "TransformMethod") != pdfName("DocMDP") || document.get(references[0], "TransformParams", "P") != float64(1) {
		return wrong("the seal allows changes")
	}
	perms, _ := document.get(catalog, "Perms").(pdfDict)
	fields, _ := document.get(catalog, "AcroForm", "Fields").([]any)
	if len(fields) != 1 {
		return wrong("there is not just one field")
	}
	field, ok := document.resolve(fields[0], 0).(pdfDict)
	if !ok || field["Kids"] != nil {
		return wrong("the field has others below it")
	}
	certifies, isNamed := perms["DocMDP"].(pdfRef)
	if fills, ok := field["V"].(pdfRef); !isNamed || !ok || fills != certifies {
		return wrong("what permits changes is not what the field has")
	}
	signatures := 0
	for number := range document.places {
		if found, ok := document.resolve(pdfRef(number), 0).(pdfDict); ok && (found["ByteRange"] != nil || found["Type"] == pdfName("Sig")) {
			signatures++
		}
	}
	if signatures != 1 {
		return wrong("there is another signature")
	}
	stated, _ := document.get(sealed, "M").(pdfString)
	parts := pdfInstant.FindStringSubmatch(string(stated))
	if parts == nil {
		return wrong("the instant of the PDF cannot be read")
	}
	if f.at, err = time.Parse("20060102150405", parts[1]); err != nil {
		return wrong("the instant of the PDF cannot be read")
	}
	attached, ok := document.get(catalog, "AF").([]any)
	if !ok || len(attached) != 1 {
		return breaks("V82", "there is not just one file attached")
	}
	stream, ok := document.get(attached[0], "EF", "F").(*pdfStream)
	if !ok {
		return breaks("V82", "what is attached cannot be read")
	}
	if f.attached, err = document.content(stream); err != nil {
		return breaks("V82", "what is attached cannot be read")
	}
	return nil
}

// verifyForm verifies a PDF alone.
func (c *check) verifyForm(file []byte) {
	if len(c.trust.seals) == 0 {
		c.add("PDF", indeterminate, "no seal is pinned")
		return
	}
	found, err := c.readForm(file)
	if err == nil && c.judge.isLater(found.at) {
		err = cannotTell("V89: the PDF was sealed after the instant of the verification")
	}
	if c.tell("PDF", err) != passed {
		return
	}
	c.form, c.alone, c.file = found, true, found.attached
	c.verifyReceipt()
}

// readForm reads a PDF, and holds its token.
func (c *check) readForm(file []byte) (*form, error) {
	found, err := readForm(file, c.trust.seals)
	if err != nil {
		return nil, err
	}
	_, err = c.formToken(found)
	return found, err
}

// formToken is the proof of the token in the container (V83), nil where there is none or nobody is pinned.
func (c *check) formToken(of *form) (*proof, error) {
	if of.token == nil {
		return nil, nil
	}
	found, err := parseToken(of.token)
	if err != nil {
		return nil, err
	}
	if !found.about(of.value, crypto.SHA256) {
		return nil, breaks("V83", "the PDF's time-stamp is about something else")
	}
	if err := found.holds(c.trust.authorities); err != nil {
		return nil, err
	}
	if found.at.Before(of.at.Add(-clocksDiffer)) {
		return nil, breaks("V83", "the PDF's time-stamp is from before its seal")
	}
	return found.proof(c.trust.authorities), nil
}

// formIsDated tells whether a token of a PDF alone counts (V48).
func (c *check) formIsDated() bool {
	found, err := c.formToken(c.form)
	return err == nil && found != nil && c.judge.counts(found)
}

// checkForm is the step "form".
func (c *check) checkForm() error {
	if c.form == nil {
		content := c.member("receipt.pdf")
		if content == nil || c.withoutForm {
			return nothing("there is no PDF, or it is left alone")
		}
		found, err := c.readForm(content)
		if err != nil {
			return err
		}
		if !bytes.Equal(found.attached, c.receipt.original) {
			return breaks("V83", "the PDF holds another receipt")
		}
		c.form = found
	}
	made, err := c.formToken(c.form)
	if err != nil {
		return err
	}
	if c.judge.isLater(c.form.at) {
		return nothing("V89: the PDF was sealed after the instant of the verification")
	}
	var own []*proof
	if made != nil {
		own = append(own, made)
		c.proofs = append(c.proofs, made)
	}
	if !c.judge.sealCounts(c.form.seal.certificate, c.form.seal.period, own) {
		return cannotTell("the PDF's seal does not count")
	}
	return nil
}
