package main

import (
	"bytes"
	"crypto"
	"fmt"
	"strings"
)

// What others add to a receipt (V32, V33).

const xades141NS = "http://uri.etsi.org/01903/v1.4.1#"

// additions are the unsigned properties of a receipt that others have written anew.
type additions struct {
	properties []*element
	tokens     []string // base64 of the tokens on the seal, in one line
	places     []int    // and where they stand among the properties
}

var mayBeAdded = map[[2]string]bool{
	{xadesNS, "SignatureTimeStamp"}: true, {xadesNS, "CertificateValues"}: true, {xadesNS, "RevocationValues"}: true,
	{xadesNS, "AttrAuthoritiesCertValues"}: true, {xadesNS, "AttributeRevocationValues"}: true,
	{xades141NS, "TimeStampValidationData"}: true, {xades141NS, "AnyValidationData"}: true, {xades141NS, "ArchiveTimeStamp"}: true,
}

func takeAdditionsOut(file []byte) ([]byte, *additions, error) {
	body := file
	if bytes.HasPrefix(body, []byte("<?xml ")) {
		body = body[bytes.Index(body, []byte(">"))+1:]
	}
	if bytes.Contains(body, []byte("<!")) || bytes.Contains(body, []byte("<?")) {
		return nil, nil, fmt.Errorf("there is <! or <? in it")
	}
	root, err := parseXML(file)
	if err != nil {
		return nil, nil, err
	}
	children := root.elements()
	if len(children) == 0 {
		return nil, nil, fmt.Errorf("it has no seal")
	}
	signature := children[len(children)-1]
	var qualifying *element
	if signature.namespace == dsNS && signature.local == "Signature" {
		qualifying = signature.only(dsNS, "Object").only(xadesNS, "QualifyingProperties")
	}
	unsigned := qualifying.only(xadesNS, "UnsignedProperties")
	if unsigned == nil {
		return nil, nil, fmt.Errorf("it has no unsigned properties where they may be")
	}
	made, err := readAdditions(root, unsigned)
	if err != nil {
		return nil, nil, err
	}
	var kept []any
	for _, child := range qualifying.children {
		if child != any(unsigned) {
			kept = append(kept, child)
		}
	}
	qualifying.children = kept
	original := root.canonical()
	return original, made, nil
}

// readAdditions checks what others have added anywhere in a document.
func readAdditions(root, unsigned *element) (*additions, error) {
	if err := uniqueIdentifiers(root); err != nil {
		return nil, err
	}
	inside := unsigned.elements()
	if len(inside) != 1 || inside[0].namespace != xadesNS || inside[0].local != "UnsignedSignatureProperties" {
		return nil, fmt.Errorf("the unsigned properties are not in their form")
	}
	made := &additions{properties: inside[0].elements()}
	return made, made.check(unsigned)
}

func uniqueIdentifiers(root *element) error {
	seen := map[string]bool{}
	var err error
	root.each(func(one *element, _ int) {
		for _, attribute := range one.attributes {
			if strings.EqualFold(attribute.local, "id") {
				if seen[attribute.value] {
					err = fmt.Errorf("an identifier is there twice")
				}
				seen[attribute.value] = true
			}
		}
	})
	return err
}

func (a *additions) check(unsigned *element) error {
	count, stamps := 0, 0
	var err error
	unsigned.each(func(one *element, depth int) {
		count++
		xades := one.namespace == xadesNS || one.namespace == xades141NS
		structure := one.local == "QualifyingProperties" || one.local == "SignedProperties" ||
			depth > 1 && one.local == "UnsignedProperties" || depth > 2 && one.local == "UnsignedSignatureProperties"
		signature := one.namespace == dsNS && (one.local == "CanonicalizationMethod" || one.local == "DigestMethod" || one.local == "DigestValue")
		if !signature && !xades || structure || depth > 12 || count > 2000 {
			err = fmt.Errorf("%s is nothing that may be added, or there is too much", one.local)
		}
	})
	for place, one := range a.properties {
		if !mayBeAdded[[2]string{one.namespace, one.local}] {
			return fmt.Errorf("%s is nothing that may be added", one.local)
		}
		if one.local == "SignatureTimeStamp" {
			stamps++
			if text, ok := stampOf(one); ok {
				a.tokens, a.places = append(a.tokens, text), append(a.places, place)
			}
		}
	}
	if stamps > 8 {
		return fmt.Errorf("there are too many time-stamps")
	}
	return err
}

// stampOf returns the base64 of the token of a time-stamp in exclusive C14N.
func stampOf(one *element) (string, bool) {
	inside := one.elements()
	if len(inside) != 2 || inside[0].namespace != dsNS || inside[0].local != "CanonicalizationMethod" || len(inside[0].children) > 0 ||
		inside[0].attribute("", "Algorithm") != excC14N || inside[1].namespace != xadesNS || inside[1].local != "EncapsulatedTimeStamp" {
		return "", false
	}
	return strings.Join(strings.Fields(inside[1].text()), ""), true
}

// stamped is a time-stamp on the seal, and where it stands among the properties.
type stamped struct {
	token *token
	place int
}

// stamps are the time-stamps of V33 that hold; if none does, what is wrong with the first of a pinned authority.
func (a *additions) stamps(of *seal, authorities folder) ([]stamped, error) {
	var found []stamped
	var wrong error
	for at, text := range a.tokens {
		raw, ok := lenientBase64(text)
		if !ok {
			continue
		}
		one, err := parseOthers(raw, authorities)
		if err != nil || len(authorities) > 0 && authorities.find(one.certificate.Raw) == nil {
			continue
		}
		if err := one.stamps(of, authorities); err == nil {
			found = append(found, stamped{one, a.places[at]})
		} else if wrong == nil {
			wrong = err
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	return nil, wrong
}

// stamps tells whether a token of others holds as the time-stamp of a seal.
func (t *token) stamps(of *seal, authorities folder) error {
	if !t.about(of.signedValue(), crypto.SHA256, crypto.SHA512) {
		return breaks("V33", "the time-stamp is about something else")
	}
	if err := t.holds(authorities); err != nil {
		return err
	}
	if t.at.Before(of.instant.Add(-clocksDiffer)) {
		return breaks("V31", "the time-stamp is from before the seal")
	}
	return nil
}
