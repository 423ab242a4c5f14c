package main

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

// verify returns what the Body holds: signed by the pinned key, fresh, and an answer to the request with that MessageID. The
// elements themselves are digested, not whatever has their Id: nothing can be moved aside.
func (g *Gateway) verify(content []byte, messageID string) (*element, error) {
	check := checking{}
	envelope := check.parsed(content)
	header := check.only(envelope, soapNS, "Header")
	body := check.only(envelope, soapNS, "Body")
	security := check.only(header, wsseNS, "Security")
	timestamp := check.only(security, wsuNS, "Timestamp")
	signature := check.only(security, dsNS, "Signature")
	signedInfo := check.only(signature, dsNS, "SignedInfo")
	check.algorithm(check.only(signedInfo, dsNS, "CanonicalizationMethod"), excC14N)
	check.algorithm(check.only(signedInfo, dsNS, "SignatureMethod"), rsa256)
	value := check.base64(check.only(signature, dsNS, "SignatureValue"))
	if check.err != nil {
		return nil, check.err
	}
	sum := sha256.Sum256(signedInfo.canonical())
	if rsa.VerifyPKCS1v15(g.service, crypto.SHA256, sum[:], value) != nil {
		return nil, fmt.Errorf("%w: the service did not sign it", ErrNotVerified)
	}

	signed := []*element{body, timestamp}
	relates := header.named(wsaNS, "RelatesTo")
	signed = append(signed, header.named(wsaNS, "Action")...)
	signed = append(signed, header.named(wsaNS, "MessageID")...)
	signed = append(signed, relates...)
	check.digests(signed, signedInfo.named(dsNS, "Reference"))
	check.fresh(check.only(timestamp, wsuNS, "Expires"))
	inside := body.elements()
	check.that(len(inside) == 1, "the Body holds not one element")
	if check.err != nil {
		return nil, check.err
	}
	isFault := inside[0].namespace == soapNS && inside[0].local == "Fault"
	isBound := len(relates) == 1 && strings.TrimSpace(relates[0].text()) == messageID
	if !isBound && !(isFault && len(relates) == 0) {
		return nil, fmt.Errorf("%w: it answers another request", ErrNotVerified)
	}
	if !isFault {
		return inside[0], nil
	}
	fault, err := readFault(inside[0])
	if err == nil && !isBound {
		// A refused signature proves no MessageID: this may say why the request was refused, or come from elsewhere.
		return nil, fmt.Errorf("%w: a fault that names no request: %v", ErrNotVerified, fault)
	}
	if err == nil {
		err = fault
	}
	return nil, err
}

func readFault(found *element) (*Fault, error) {
	var read struct {
		Text   string `xml:"faultstring"`
		Detail *Fault `xml:"detail>GatewayFault"`
	}
	if err := xml.Unmarshal(found.canonical(), &read); err != nil {
		return nil, err
	}
	if read.Detail == nil {
		return nil, fmt.Errorf("%w: a fault without the gateway's detail: %s", ErrNotVerified, read.Text)
	}
	return read.Detail, nil
}

// checking keeps the first thing that is wrong; what follows it then does nothing.
type checking struct{ err error }

func (c *checking) that(holds bool, otherwise string) {
	if c.err == nil && !holds {
		c.err = fmt.Errorf("%w: %s", ErrNotVerified, otherwise)
	}
}

func (c *checking) parsed(content []byte) *element {
	envelope, err := parse(content)
	if err != nil {
		c.that(false, err.Error())
		return &element{}
	}
	c.that(envelope.namespace == soapNS && envelope.local == "Envelope", "it is no envelope")
	return envelope
}

func (c *checking) only(parent *element, namespace, local string) *element {
	found := parent.named(namespace, local)
	c.that(len(found) == 1, fmt.Sprintf("%d elements %s instead of one", len(found), local))
	if len(found) != 1 {
		return &element{}
	}
	return found[0]
}

func (c *checking) algorithm(found *element, wanted string) {
	c.that(found.attribute("", "Algorithm") == wanted, found.local+" is not "+wanted)
}

func (c *checking) base64(found *element) []byte {
	value, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(found.text()), ""))
	c.that(err == nil, found.local+" is not base64")
	return value
}

// digests checks that every reference is to one of the parts, and every part has its reference: a signed part that was taken
// out of the message leaves its reference behind.
func (c *checking) digests(parts, references []*element) {
	byID := map[string]*element{}
	for _, one := range references {
		byID[one.attribute("", "URI")] = one
	}
	c.that(len(references) == len(parts) && len(byID) == len(parts), "not the signed parts that an answer has")
	for _, part := range parts {
		reference := byID["#"+part.attribute(wsuNS, "Id")]
		c.that(reference != nil, part.local+" is not signed")
		if c.err != nil {
			return
		}
		c.algorithm(c.only(reference, dsNS, "DigestMethod"), hash256)
		transform := c.only(c.only(reference, dsNS, "Transforms"), dsNS, "Transform")
		c.algorithm(transform, excC14N)
		var inclusive []string
		for _, one := range transform.named(excC14N, "InclusiveNamespaces") {
			inclusive = strings.Fields(one.attribute("", "PrefixList"))
		}
		found := digest(part.canonical(inclusive...))
		c.that(c.only(reference, dsNS, "DigestValue").text() == found, "the digest of "+part.local+" differs")
	}
}

func (c *checking) fresh(expires *element) {
	until, err := time.Parse(time.RFC3339, expires.text())
	c.that(err == nil && time.Now().Before(until), "it is old")
}
