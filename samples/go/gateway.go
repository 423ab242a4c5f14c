// A client of the gateway with Go's standard library: every request signed, every answer verified and bound to its request.
// Copy this file and canonical.go.
//
//	company, err := Connect(url, "me.key.pem", "me.cert.pem", "service.cert.pem")
//	var page struct {
//		Notification []struct {
//			ID    string `xml:"id"`
//			State string `xml:"state"`
//		} `xml:"notification"`
//	}
//	err = company.Call("ListNotifications", struct {
//		State []string `xml:"filter>state"`
//	}{[]string{"available"}}, &page)
//
// An error is a *Fault where the service refused, ErrNotVerified where something is not proven to be the service's answer to
// this request. Nothing is read into an answer before that is proven.
package main

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

const (
	contract = "urn:notigateway:v1"
	soapNS   = "http://schemas.xmlsoap.org/soap/envelope/"
	wsaNS    = "http://www.w3.org/2005/08/addressing"
	dsNS     = "http://www.w3.org/2000/09/xmldsig#"
	oasis    = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
	wsseNS   = oasis + "wssecurity-secext-1.0.xsd"
	wsuNS    = oasis + "wssecurity-utility-1.0.xsd"
	x509v3   = oasis + "x509-token-profile-1.0#X509v3"
	base64NS = oasis + "soap-message-security-1.0#Base64Binary"
	excC14N  = "http://www.w3.org/2001/10/xml-exc-c14n#"
	hash256  = "http://www.w3.org/2001/04/xmlenc#sha256"
	rsa256   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"

	largestAnswer = 64 << 20
)

// ErrNotVerified is wrapped by every error about an answer that is not believed.
var ErrNotVerified = errors.New("this answer is not verified")

// Fault is what the service says when it refuses this request.
type Fault struct {
	Code          string `xml:"code"`
	TextEn        string `xml:"textEn"`
	TextEs        string `xml:"textEs"`
	Retryable     bool   `xml:"retryable"`
	CorrelationID string `xml:"correlationId"`
}

func (f *Fault) Error() string {
	return fmt.Sprintf("%s: %s (correlation id %s)", f.Code, f.TextEn, f.CorrelationID)
}

// Gateway is one party's way to the service.
type Gateway struct {
	url     string
	key     *rsa.PrivateKey
	token   string
	name    string // the SHA-256 of the caller's certificate
	service *rsa.PublicKey
	http    *http.Client
}

// Connect reads the key and certificate of the caller, and the certificate that must have signed the answers; all PEM.
func Connect(url, keyFile, certificateFile, serviceFile string) (*Gateway, error) {
	der, err := readPEM(keyFile)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("%s: %w (openssl pkcs8 -topk8 -nodes writes the form that is read)", keyFile, err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s is not an RSA key", keyFile)
	}
	token, err := readPEM(certificateFile)
	if err != nil {
		return nil, err
	}
	pinned, err := readPEM(serviceFile)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(pinned)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", serviceFile, err)
	}
	service, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("the key in %s is not RSA", serviceFile)
	}
	// A redirect would send the signed request to somebody else.
	client := &http.Client{
		Timeout:       60 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	name := sha256.Sum256(token)
	return &Gateway{url, key, base64.StdEncoding.EncodeToString(token), hex.EncodeToString(name[:]), service, client}, nil
}

func readPEM(file string) ([]byte, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, fmt.Errorf("%s is not PEM", file)
	}
	return block.Bytes, nil
}

// Call sends one operation, signed anew each time, and reads its verified answer. Elements of a request stand in the order of
// the schema: the order of the struct's fields.
func (g *Gateway) Call(operation string, request, answer any) error {
	// With the signer's name at its end nobody else is answered under this MessageID, which is no secret.
	messageID := "urn:uuid:" + newUUID() + "#" + g.name
	envelope, err := g.sign(operation, messageID, request)
	if err != nil {
		return err
	}
	post, err := http.NewRequest(http.MethodPost, g.url, bytes.NewReader(envelope))
	if err != nil {
		return err
	}
	post.Header.Set("Content-Type", "text/xml; charset=utf-8")
	post.Header.Set("SOAPAction", `"`+action(operation)+`"`)
	response, err := g.http.Do(post)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, largestAnswer))
	if err != nil {
		return err
	}
	found, err := g.verify(content, messageID)
	if err != nil {
		return fmt.Errorf("HTTP %d: %w", response.StatusCode, err)
	}
	if found.namespace != contract || found.local != operation+"Response" {
		return fmt.Errorf("%w: it answers %s", ErrNotVerified, found.local)
	}
	// What is read are the octets of the tree that was digested, not those that came over the wire.
	return xml.Unmarshal(found.canonical(), answer)
}

func action(operation string) string { return contract + ":" + operation }

// --- the request ---------------------------------------------------------------------------------------

func (g *Gateway) sign(operation, messageID string, request any) ([]byte, error) {
	var content bytes.Buffer
	start := xml.StartElement{Name: xml.Name{Space: contract, Local: operation}}
	if err := xml.NewEncoder(&content).EncodeElement(request, start); err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	instant := func(at time.Time) string { return at.Format("2006-01-02T15:04:05.000Z") }
	parts := map[string]string{
		"Body":      content.String(),
		"MessageID": messageID,
		"Action":    action(operation),
		"Timestamp": `<wsu:Created>` + instant(now) + `</wsu:Created><wsu:Expires>` +
			instant(now.Add(5*time.Minute)) + `</wsu:Expires>`,
	}
	prefixes := map[string]string{"Body": "soap", "MessageID": "wsa", "Action": "wsa", "Timestamp": "wsu"}
	var references strings.Builder
	for _, name := range []string{"Body", "MessageID", "Action", "Timestamp"} {
		id := name + "-" + newUUID()
		octets, err := canonicalForm(prefixes[name]+":"+name, `wsu:Id="`+id+`"`, parts[name])
		if err != nil {
			return nil, err
		}
		parts[name] = octets
		references.WriteString(`<ds:Reference URI="#` + id + `"><ds:Transforms><ds:Transform Algorithm="` + excC14N +
			`"/></ds:Transforms><ds:DigestMethod Algorithm="` + hash256 + `"/><ds:DigestValue>` + digest([]byte(octets)) +
			`</ds:DigestValue></ds:Reference>`)
	}
	signedInfo, err := canonicalForm("ds:SignedInfo", "", `<ds:CanonicalizationMethod Algorithm="`+excC14N+
		`"/><ds:SignatureMethod Algorithm="`+rsa256+`"/>`+references.String())
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(signedInfo))
	value, err := rsa.SignPKCS1v15(rand.Reader, g.key, crypto.SHA256, sum[:])
	if err != nil {
		return nil, err
	}
	// Octets in exclusive canonical form declare all that they use: they stay the same wherever they are put.
	return []byte(`<soap:Envelope xmlns:soap="` + soapNS + `"><soap:Header><wsse:Security xmlns:wsse="` + wsseNS +
		`" soap:mustUnderstand="1">` + parts["Timestamp"] + `<wsse:BinarySecurityToken xmlns:wsu="` + wsuNS +
		`" wsu:Id="X509" ValueType="` + x509v3 + `" EncodingType="` + base64NS + `">` + g.token +
		`</wsse:BinarySecurityToken><ds:Signature xmlns:ds="` + dsNS + `">` + signedInfo + `<ds:SignatureValue>` +
		base64.StdEncoding.EncodeToString(value) + `</ds:SignatureValue><ds:KeyInfo><wsse:SecurityTokenReference>` +
		`<wsse:Reference URI="#X509" ValueType="` + x509v3 + `"/></wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature>` +
		`</wsse:Security>` + parts["MessageID"] + parts["Action"] + `</soap:Header>` + parts["Body"] + `</soap:Envelope>`), nil
}

func canonicalForm(name, attributes, content string) (string, error) {
	made, err := parse([]byte(`<` + name + ` ` + attributes + ` xmlns:soap="` + soapNS + `" xmlns:wsa="` + wsaNS + `" xmlns:wsu="` +
		wsuNS + `" xmlns:ds="` + dsNS + `">` + content + `</` + name + `>`))
	if err != nil {
		return "", err
	}
	return string(made.canonical()), nil
}

func digest(octets []byte) string {
	sum := sha256.Sum256(octets)
	return base64.StdEncoding.EncodeToString(sum[:])
}

func newUUID() string {
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		panic(err)
	}
	random[6], random[8] = random[6]&0x0f|0x40, random[8]&0x3f|0x80
	text := hex.EncodeToString(random[:])
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}
