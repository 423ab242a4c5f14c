package main

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The envelope of a request (V50): what may stand in it and where. Only direct children are read.

const (
	soap11NS = "http://schemas.xmlsoap.org/soap/envelope/"
	soap12NS = "http://www.w3.org/2003/05/soap-envelope"
	wssNS    = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
	wsseNS   = wssNS + "-wssecurity-secext-1.0.xsd"
	wsuNS    = wssNS + "-wssecurity-utility-1.0.xsd"
	wsse11NS = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"
	wsaNS    = "http://www.w3.org/2005/08/addressing"
	xencNS   = "http://www.w3.org/2001/04/xmlenc#"
	xenc11NS = "http://www.w3.org/2009/xmlenc11#"

	base64Text  = wssNS + "-soap-message-security-1.0#Base64Binary"
	x509v3      = wssNS + "-x509-token-profile-1.0#X509v3"
	pkiPath     = wssNS + "-x509-token-profile-1.0#X509PKIPathv1"
	pkcs7       = wssNS + "-x509-token-profile-1.0#PKCS7"
	keyIdentity = wssNS + "-x509-token-profile-1.0#X509SubjectKeyIdentifier"
	thumbprint  = "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1"

	maxTokens       = 4
	maxAttributes   = 128
	maxDeclarations = 64
	maxInAll        = 256
	maxName         = 512
	maxValue        = 65_536
	maxInToken      = 8
	maxSignedBytes  = 2048
	maxDigestBytes  = 64
)

type envelope struct {
	root, header, body, operation *element
	security, timestamp           *element
	tokens                        []*element
	information, keyInfo          *element
	value                         string
	parts                         map[string]*element // what may be signed, by its identifiers
}

var (
	plainDeclaration = regexp.MustCompile(`(?i)^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*["']1\.0["']`)
	asciiDeclaration = regexp.MustCompile(`(?i)^<\?xml[^>]*encoding[ \t\r\n]*=[ \t\r\n]*["']us-ascii["']`)
	reference        = regexp.MustCompile(`^#[\p{L}\p{Nl}\p{No}_][\p{L}\p{N}_.\-]{0,255}$`)
	addressing       = []string{"To", "Action", "MessageID", "ReplyTo", "FaultTo", "From", "RelatesTo"}
	ourActors        = []string{"", "http://schemas.xmlsoap.org/soap/actor/next", soap12NS + "/role/next", soap12NS + "/role/ultimateReceiver"}
)

func readEnvelope(content []byte) (*envelope, error) {
	text := bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(text, []byte("<?xml")) {
		isASCII := bytes.IndexFunc(content, func(one rune) bool { return one >= utf8.RuneSelf }) < 0
		if !plainDeclaration.Match(text) || asciiDeclaration.Match(text) && !isASCII {
			return nil, fmt.Errorf("another declaration than that of XML 1.0 in UTF-8")
		}
	}
	root, err := parseXML(content)
	if err != nil {
		return nil, err
	}
	if err := bounded(content, root); err != nil {
		return nil, err
	}
	made := &envelope{root: root}
	if err := made.readSOAP(); err != nil {
		return nil, err
	}
	if err := made.readSecurity(); err != nil {
		return nil, err
	}
	return made, made.readParts()
}

// bounded checks the limits of any request, and that nothing is encrypted.
func bounded(content []byte, root *element) error {
	var err error
	if bytes.Count(content, []byte("xmlns")) > maxInAll {
		err = fmt.Errorf("too many namespaces")
	}
	root.each(func(one *element, _ int) {
		if len(one.attributes) > maxAttributes || len(one.declared) > maxDeclarations || len(one.prefix)+len(one.local) >= maxName {
			err = fmt.Errorf("an element that is too large")
		}
		for _, namespace := range one.declared {
			if len(namespace) > maxName {
				err = fmt.Errorf("a namespace that is too long")
			}
		}
		for _, attribute := range one.attributes {
			if utf8.RuneCountInString(attribute.value) > maxValue {
				err = fmt.Errorf("an attribute that is too long")
			}
			if attribute.namespace == xmlNS && attribute.local == "id" && !isNCName(attribute.value) {
				err = fmt.Errorf("an xml:id that is no name")
			}
		}
		if one.namespace == xencNS || one.namespace == xenc11NS || one.namespace == wsse11NS && one.local == "EncryptedHeader" {
			err = fmt.Errorf("something is encrypted")
		}
	})
	return err
}

func isNCName(text string) bool {
	for at, one := range text {
		if at == 0 && !isNameStart(one) || !isNamePart(one) {
			return false
		}
	}
	return text != ""
}

// inside returns the children of an element that holds nothing else but blanks.
func inside(of *element) ([]*element, error) {
	if strings.Trim(of.text(), " \t\r\n") != "" {
		return nil, fmt.Errorf("text in %s", of.local)
	}
	return of.elements(), nil
}

// just returns the children of an element, which are these and no others.
func just(of *element, namespace string, names ...string) ([]*element, error) {
	found, err := inside(of)
	if err != nil {
		return nil, err
	}
	if len(found) != len(names) {
		return nil, fmt.Errorf("%s has not the elements that it must have", of.local)
	}
	for at, one := range found {
		if one.namespace != namespace || one.local != names[at] {
			return nil, fmt.Errorf("%s has not the elements that it must have", of.local)
		}
	}
	return found, nil
}

// textOf returns the text of an element that has no elements.
func textOf(one *element) (string, error) {
	if len(one.elements()) > 0 {
		return "", fmt.Errorf("%s has elements", one.local)
	}
	return one.text(), nil
}

func (e *envelope) readSOAP() error {
	soap := e.root.namespace
	if soap != soap11NS && soap != soap12NS || e.root.local != "Envelope" {
		return fmt.Errorf("it is no envelope")
	}
	children, err := inside(e.root)
	if err != nil {
		return err
	}
	if len(children) > 0 && children[0].namespace == soap && children[0].local == "Header" {
		e.header, children = children[0], children[1:]
	}
	if len(children) != 1 || children[0].namespace != soap || children[0].local != "Body" || e.header == nil {
		return fmt.Errorf("an envelope is a Header and a Body")
	}
	e.body = children[0]
	content, err := inside(e.body)
	if err != nil || len(content) != 1 {
		return fmt.Errorf("Body has not just one element")
	}
	e.operation = content[0]
	blocks, err := inside(e.header)
	if err != nil {
		return err
	}
	for _, one := range blocks {
		must, err := e.mustUnderstand(one)
		if err != nil {
			return err
		}
		isSecurity := one.namespace == wsseNS && one.local == "Security"
		if isSecurity && e.isForUs(one) {
			if e.security != nil {
				return fmt.Errorf("there are two Security headers")
			}
			e.security = one
		}
		if must && !isSecurity && one.namespace != wsse11NS && !(one.namespace == wsaNS && slices.Contains(addressing, one.local)) {
			return fmt.Errorf("a header that must be understood, and is not")
		}
	}
	if e.security == nil {
		return fmt.Errorf("there is no Security header")
	}
	return nil
}

func (e *envelope) isForUs(block *element) bool {
	actor := "actor"
	if e.root.namespace == soap12NS {
		actor = "role"
	}
	return slices.Contains(ourActors, strings.Trim(block.attribute(e.root.namespace, actor), " \t\r\n"))
}

// mustUnderstand tells whether a block for us must be understood.
func (e *envelope) mustUnderstand(block *element) (bool, error) {
	stated := "0"
	for _, one := range block.attributes {
		if one.namespace == e.root.namespace && one.local == "mustUnderstand" {
			stated = strings.Trim(one.value, " \t\r\n")
		}
	}
	switch stated {
	case "0", "false":
		return false, nil
	case "1", "true":
		return e.isForUs(block), nil
	}
	return false, fmt.Errorf("mustUnderstand is %q", stated)
}

func (e *envelope) readSecurity() error {
	children, err := inside(e.security)
	if err != nil {
		return err
	}
	var signature *element
	for _, one := range children {
		switch one.namespace + " " + one.local {
		case wsuNS + " Timestamp":
			if e.timestamp != nil {
				return fmt.Errorf("there are two Timestamps")
			}
			e.timestamp = one
		case wsseNS + " BinarySecurityToken":
			e.tokens = append(e.tokens, one)
		case dsNS + " Signature":
			if signature != nil {
				return fmt.Errorf("there are two signatures")
			}
			signature = one
		case wsseNS + " SecurityTokenReference", wsseNS + " UsernameToken", wsse11NS + " SignatureConfirmation":
		default:
			return fmt.Errorf("%s in Security", one.local)
		}
	}
	if signature == nil || len(e.tokens) > maxTokens {
		return fmt.Errorf("there is no signature, or too many tokens")
	}
	found, err := just(signature, dsNS, "SignedInfo", "SignatureValue", "KeyInfo")
	if err != nil {
		return err
	}
	e.information, e.keyInfo = found[0], found[2]
	e.value, err = textOf(found[1])
	return err
}

// readParts finds what may be signed: Body, Timestamp, tokens and the other blocks of the header.
func (e *envelope) readParts() error {
	owners := map[string]*element{}
	twice := false
	e.root.each(func(one *element, _ int) {
		for _, attribute := range one.attributes {
			if attribute.local == "Id" || attribute.local == "ID" || attribute.local == "id" && attribute.namespace == xmlNS {
				twice = twice || owners[attribute.value] != nil && owners[attribute.value] != one
				owners[attribute.value] = one
			}
		}
	})
	if twice {
		return fmt.Errorf("an identifier is there twice")
	}
	parts := append([]*element{e.body}, e.tokens...)
	parts = append(parts, e.security.named(wsse11NS, "SignatureConfirmation")...)
	if e.timestamp != nil {
		parts = append(parts, e.timestamp)
	}
	for _, one := range e.header.elements() {
		if one != e.security {
			parts = append(parts, one)
		}
	}
	e.parts = map[string]*element{}
	for _, one := range parts {
		for _, attribute := range one.attributes {
			if attribute.local == "Id" && (attribute.namespace == "" || attribute.namespace == wsuNS) {
				e.parts[attribute.value] = one
			}
		}
	}
	return nil
}

// part returns the part that a URI names, or nil.
func (e *envelope) part(uri string) *element {
	if !reference.MatchString(uri) {
		return nil
	}
	return e.parts[uri[1:]]
}

// signer returns the certificate of that SHA-256 which KeyInfo designates, and the token that it is in, if it is in one;
// beside is the same certificate, if it is known, and then it may be named. (The step is skipped if it is only named, and is not known.)
func (e *envelope) signer(named string, beside []byte) ([]byte, *element, error) {
	child, err := onlyChild(e.keyInfo)
	if err != nil {
		return nil, nil, err
	}
	if child.namespace == wsseNS && child.local == "SecurityTokenReference" {
		if child, err = onlyChild(child); err != nil {
			return nil, nil, err
		}
		switch {
		case child.namespace == wsseNS && child.local == "KeyIdentifier":
			found, err := keyIdentifier(child, named, beside)
			return found, nil, err
		case child.namespace == wsseNS && child.local == "Reference":
			return e.referred(child, named)
		}
	}
	if child.namespace != dsNS || child.local != "X509Data" {
		return nil, nil, fmt.Errorf("%s in KeyInfo", child.local)
	}
	found, err := x509Data(child, named, beside)
	return found, nil, err
}

func onlyChild(of *element) (*element, error) {
	found, err := inside(of)
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("%s has not just one element", of.local)
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

func (e *envelope) referred(by *element, named string) ([]byte, *element, error) {
	token := e.part(by.attribute("", "URI"))
	if len(by.elements()) > 0 || token == nil || !slices.Contains(e.tokens, token) {
		return nil, nil, fmt.Errorf("KeyInfo points to no token")
	}
	kind := token.attribute("", "ValueType")
	if by.attributeOr("ValueType", kind) != kind {
		return nil, nil, fmt.Errorf("KeyInfo points to another kind of token")
	}
	content, err := octets(token)
	if err != nil {
		return nil, nil, err
	}
	var inside [][]byte
	switch kind {
	case x509v3:
		inside = [][]byte{content}
	case pkiPath:
		if inside = sequence(content); len(inside) > 0 && hexSum(inside[len(inside)-1]) != named {
			return nil, nil, fmt.Errorf("the path in the token ends elsewhere")
		}
	case pkcs7:
		inside = certificatesOf(content)
	}
	found, err := oneOf(inside, named)
	return found, token, err
}

// attributeOr returns an attribute without a namespace, or what counts where it is not there.
func (e *element) attributeOr(local, otherwise string) string {
	for _, one := range e.attributes {
		if one.namespace == "" && one.local == local {
			return one.value
		}
	}
	return otherwise
}

// octets returns what stands in base64 in an element.
func octets(of *element) ([]byte, error) {
	content, ok := signedBase64(of.text(), 64*kib)
	if len(of.elements()) > 0 || of.attributeOr("EncodingType", base64Text) != base64Text || !ok {
		return nil, fmt.Errorf("%s is not base64", of.local)
	}
	return content, nil
}

// signedBase64 reads base64 in its one spelling but for blanks.
func signedBase64(text string, limit int) ([]byte, bool) {
	blanks := strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "")
	decoded, ok := strictBase64(blanks.Replace(text))
	return decoded, ok && len(decoded) > 0 && len(decoded) <= limit
}

// oneOf returns the certificate of that SHA-256, which issued none of the others, if they are its path.
func oneOf(certificates [][]byte, named string) ([]byte, error) {
	another := fmt.Errorf("KeyInfo designates another certificate, or more than its path")
	if len(certificates) > maxInToken {
		return nil, another
	}
	var end *x509.Certificate
	var others []*x509.Certificate
	for _, one := range certificates {
		found, err := x509.ParseCertificate(one)
		if err != nil {
			return nil, err
		}
		if end == nil && hexSum(one) == named {
			end = found
		} else {
			others = append(others, found)
		}
	}
	if end == nil {
		return nil, another
	}
	for at := end; len(others) > 0; {
		next := slices.IndexFunc(others, func(one *x509.Certificate) bool { return bytes.Equal(one.RawSubject, at.RawIssuer) })
		if next < 0 || slices.ContainsFunc(others, func(one *x509.Certificate) bool { return bytes.Equal(end.RawSubject, one.RawIssuer) }) {
			return nil, another
		}
		at = others[next]
		others = slices.Delete(others, next, next+1)
	}
	return end.Raw, nil
}

// sequence returns the elements of a SEQUENCE, nil where it is none.
func sequence(content []byte) [][]byte {
	var whole asn1.RawValue
	if rest, err := asn1.Unmarshal(content, &whole); err != nil || len(rest) > 0 || whole.Tag != asn1.TagSequence || !whole.IsCompound {
		return nil
	}
	return values(whole.Bytes)
}

func values(content []byte) [][]byte {
	var found [][]byte
	for len(content) > 0 {
		var one asn1.RawValue
		rest, err := asn1.Unmarshal(content, &one)
		if err != nil {
			return nil
		}
		found, content = append(found, one.FullBytes), rest
	}
	return found
}

// certificatesOf returns the certificates of a PKCS #7.
func certificatesOf(content []byte) [][]byte {
	var whole struct {
		Type asn1.ObjectIdentifier
		Data struct {
			Version           int
			DigestAlgorithms  asn1.RawValue
			Content           asn1.RawValue
			Certificates      asn1.RawValue `asn1:"optional,tag:0"`
			RevocationLists   asn1.RawValue `asn1:"optional,tag:1"`
			SignerInformation asn1.RawValue
		} `asn1:"explicit,tag:0"`
	}
	if rest, err := asn1.Unmarshal(content, &whole); err != nil || len(rest) > 0 {
		return nil
	}
	return values(whole.Data.Certificates.Bytes)
}

func keyIdentifier(one *element, named string, beside []byte) ([]byte, error) {
	content, err := octets(one)
	if err != nil {
		return nil, err
	}
	kind := one.attribute("", "ValueType")
	if kind == x509v3 {
		return oneOf([][]byte{content}, named)
	}
	if kind != keyIdentity && kind != thumbprint || len(content) > maxDigestBytes {
		return nil, fmt.Errorf("a key identifier of another kind")
	}
	if beside == nil {
		return nil, onlyNamed()
	}
	print := sha1.Sum(beside)
	if kind == thumbprint && !bytes.Equal(content, print[:]) || kind == keyIdentity && !bytes.Equal(content, keyIDOf(beside)) {
		return nil, fmt.Errorf("KeyInfo names another certificate")
	}
	return beside, nil
}

func onlyNamed() error { return nothing("the request only names its certificate, which is not there") }

// keyIDOf returns the identifier of a certificate's key: of the extension, or by SHA-1 (RFC 5280 section 4.2.1.2).
func keyIDOf(der []byte) []byte {
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil
	}
	if len(certificate.SubjectKeyId) > 0 {
		return certificate.SubjectKeyId
	}
	var key struct {
		Algorithm asn1.RawValue
		Bits      asn1.BitString
	}
	if _, err := asn1.Unmarshal(certificate.RawSubjectPublicKeyInfo, &key); err != nil {
		return nil
	}
	made := sha1.Sum(key.Bits.Bytes)
	return made[:]
}

// x509Data reads certificates in KeyInfo, or names of one. Of names the serial number and the key's identifier are compared.
func x509Data(data *element, named string, beside []byte) ([]byte, error) {
	children, err := inside(data)
	if err != nil {
		return nil, err
	}
	var embedded [][]byte
	names := map[string]*element{}
	for _, one := range children {
		switch {
		case one.namespace == dsNS && one.local == "X509Certificate":
			content, err := octets(one)
			if err != nil {
				return nil, err
			}
			embedded = append(embedded, content)
		case one.namespace == dsNS && names[one.local] == nil && slices.Contains([]string{"X509IssuerSerial", "X509SubjectName", "X509SKI"}, one.local):
			names[one.local] = one
		default:
			return nil, fmt.Errorf("%s in X509Data", one.local)
		}
	}
	number, identifier, err := readNames(names)
	if err != nil {
		return nil, err
	}
	found := beside
	switch {
	case len(embedded) > 0:
		if found, err = oneOf(embedded, named); err != nil {
			return nil, err
		}
	case len(names) == 0:
		return nil, fmt.Errorf("X509Data is empty")
	case beside == nil:
		return nil, onlyNamed()
	}
	certificate, err := x509.ParseCertificate(found)
	if err != nil {
		return nil, err
	}
	if number != "" && certificate.SerialNumber.String() != number || identifier != nil && !bytes.Equal(identifier, keyIDOf(found)) {
		return nil, fmt.Errorf("KeyInfo names another certificate")
	}
	return found, nil
}

var decimal = regexp.MustCompile(`^\+?0*([0-9]{1,50})$`)

// readNames returns the serial number and the key's identifier, where they are there.
func readNames(names map[string]*element) (number string, identifier []byte, err error) {
	if one := names["X509IssuerSerial"]; one != nil {
		parts, err := just(one, dsNS, "X509IssuerName", "X509SerialNumber")
		if err != nil {
			return "", nil, err
		}
		text, err := textOf(parts[1])
		found := decimal.FindStringSubmatch(strings.TrimSpace(text))
		if err != nil || found == nil || len(parts[0].elements()) > 0 {
			return "", nil, fmt.Errorf("X509IssuerSerial cannot be read")
		}
		number = found[1]
	}
	if one := names["X509SubjectName"]; one != nil {
		if _, err := textOf(one); err != nil {
			return "", nil, err
		}
	}
	if one := names["X509SKI"]; one != nil {
		identifier, err = octets(one)
	}
	return number, identifier, err
}

var zonedInstant = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)$`)

// checkTimestamp checks that it was fresh, within a day and what clocks differ.
func (e *envelope) checkTimestamp(at time.Time) error {
	if e.timestamp == nil {
		return nil
	}
	parts := e.timestamp.elements()
	var instants []time.Time
	for number, one := range parts {
		text := strings.Trim(one.text(), " \t\r\n")
		found, err := time.Parse(time.RFC3339Nano, text)
		if number > 1 || one.namespace != wsuNS || one.local != []string{"Created", "Expires"}[number] || len(one.elements()) > 0 || !zonedInstant.MatchString(text) || err != nil {
			return fmt.Errorf("the Timestamp cannot be read")
		}
		for _, attribute := range one.attributes {
			if attribute.namespace != wsuNS || attribute.local != "Id" {
				return fmt.Errorf("an instant with attributes")
			}
		}
		instants = append(instants, found.Truncate(time.Microsecond))
	}
	if len(instants) == 0 || instants[0].After(at.Add(clocksDiffer)) || instants[0].Before(at.Add(-clocksDiffer).AddDate(0, 0, -1)) {
		return fmt.Errorf("the Timestamp is of another time")
	}
	if len(instants) > 1 && (!instants[1].After(instants[0]) || !instants[1].After(at.Add(-clocksDiffer))) {
		return fmt.Errorf("the Timestamp had expired")
	}
	return nil
}

// checkAddressing checks that no header is ignored that must be understood.
func (e *envelope) checkAddressing(covered map[*element]bool) error {
	for _, one := range e.header.elements() {
		if must, _ := e.mustUnderstand(one); must && one.namespace == wsaNS && !covered[one] {
			return fmt.Errorf("a header that must be understood is not signed")
		}
	}
	return nil
}
