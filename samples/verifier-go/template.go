package main

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// The seal's bytes, with names in braces where something is filled in.

const sealText = `
<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="{S}">
<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:CanonicalizationMethod>
<ds:SignatureMethod Algorithm="{method}"></ds:SignatureMethod>
<ds:Reference Id="{R}" URI=""><ds:Transforms>
<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform>
<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform></ds:Transforms>
<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue>{content}</ds:DigestValue></ds:Reference>
<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#{P}"><ds:Transforms>
<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform></ds:Transforms>
<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue>{properties}</ds:DigestValue></ds:Reference>
<ds:Reference URI="#{K}"><ds:Transforms>
<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform></ds:Transforms>
<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue>{key}</ds:DigestValue></ds:Reference>
</ds:SignedInfo><ds:SignatureValue>{value}</ds:SignatureValue>
<ds:KeyInfo Id="{K}"><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>
<ds:Object><xades:QualifyingProperties xmlns:xades="http://uri.etsi.org/01903/v1.3.2#" Target="#{S}">
<xades:SignedProperties Id="{P}"><xades:SignedSignatureProperties><xades:SigningTime>{instant}</xades:SigningTime>
<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>
<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue>{certificate digest}</ds:DigestValue>
</xades:CertDigest></xades:Cert></xades:SigningCertificateV2>
<xades:SignaturePolicyIdentifier><xades:SignaturePolicyId><xades:SigPolicyId><xades:Identifier>{policy}</xades:Identifier>
<xades:Description>{words}</xades:Description></xades:SigPolicyId><xades:SigPolicyHash>
<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue>{policy digest}</ds:DigestValue>
</xades:SigPolicyHash></xades:SignaturePolicyId></xades:SignaturePolicyIdentifier></xades:SignedSignatureProperties>
<xades:SignedDataObjectProperties><xades:DataObjectFormat ObjectReference="#{R}"><xades:Description>Evidence</xades:Description>
<xades:MimeType>text/xml</xades:MimeType></xades:DataObjectFormat></xades:SignedDataObjectProperties></xades:SignedProperties>
</xades:QualifyingProperties></ds:Object></ds:Signature>
`

// template is literal text and names in turn; it begins and ends with literal text.
type template struct{ literals, names []string }

var (
	sealTemplate = newTemplate(sealText)
)

func newTemplate(text string) template {
	text = strings.ReplaceAll(text, "\n", "")
	var made template
	at := 0
	for _, found := range regexp.MustCompile(`\{([a-zA-Z ]+)\}`).FindAllStringSubmatchIndex(text, -1) {
		made.literals = append(made.literals, text[at:found[0]])
		made.names = append(made.names, text[found[2]:found[3]])
		at = found[1]
	}
	made.literals = append(made.literals, text[at:])
	return made
}

// captured is what was filled in, by its name.
type captured map[string]string

// match takes a text apart; what is filled in twice must be the same, and holds neither < nor ".
func (t template) match(text string) (captured, bool) {
	found := captured{}
	for at, literal := range t.literals {
		if !strings.HasPrefix(text, literal) {
			return nil, false
		}
		text = text[len(literal):]
		if at == len(t.names) {
			return found, text == ""
		}
		end := strings.IndexByte(text, t.literals[at+1][0])
		if end < 0 {
			return nil, false
		}
		value, name := text[:end], t.names[at]
		if before, again := found[name]; again && before != value {
			return nil, false
		}
		found[name] = value
		text = text[end:]
	}
	return nil, false
}

// fill writes the text with values.
func (t template) fill(values captured) string {
	var made strings.Builder
	for at, literal := range t.literals {
		made.WriteString(literal)
		if at < len(t.names) {
			made.WriteString(values[t.names[at]])
		}
	}
	return made.String()
}

var identifierForm = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

func (c captured) identifiers(names ...string) error {
	for _, name := range names {
		if !identifierForm.MatchString(c[name]) {
			return fmt.Errorf("%q is no identifier", c[name])
		}
	}
	return nil
}

// between returns a text from its first begin to the next end, both with it.
func between(text, begin, end string) string {
	at := strings.Index(text, begin)
	if at < 0 {
		return ""
	}
	length := strings.Index(text[at:], end)
	if length < 0 {
		return ""
	}
	return text[at : at+length+len(end)]
}

var startOfDS = regexp.MustCompile(`<ds:[A-Za-z0-9]+`)

// putNamespaces makes the canonical form of SignedProperties by itself (V25).
func putNamespaces(properties string) string {
	properties = strings.Replace(properties, "<xades:SignedProperties", "<xades:SignedProperties"+seesXAdES, 1)
	return startOfDS.ReplaceAllStringFunc(properties, func(tag string) string { return tag + seesDS })
}

func base64OfHex(text string) string {
	decoded, err := hex.DecodeString(text)
	if err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(decoded)
}

func lenientBase64(text string) ([]byte, bool) {
	decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	return decoded, err == nil
}
