package main

import "encoding/base64"

// What the program reads of the answers; elements that have no field here are passed over. encoding/xml is lenient: what is
// required and what is a list is said by the schema, wsdl/notigateway-v1.xsd.

// base64Binary is what encoding/xml does not know: xs:base64Binary.
type base64Binary []byte

func (b *base64Binary) UnmarshalText(text []byte) (err error) {
	*b, err = base64.StdEncoding.DecodeString(string(text))
	return err
}

type party struct {
	Identifier string `xml:"identifier"`
	Name       string `xml:"name"`
}

type logHead struct {
	Head string `xml:"head"`
}

type consistency struct {
	New  int64    `xml:"newSize"`
	Hash []string `xml:"hash"`
}

type marked struct {
	Item []struct {
		Marks struct {
			Label []struct {
				Label string `xml:"label"`
			} `xml:"label"`
		} `xml:"marks"`
	} `xml:"item"`
}

type pinged struct {
	Known bool  `xml:"known"`
	Party party `xml:"party"`
}

type notification struct {
	ID    string `xml:"id"`
	State string `xml:"state"`
}

type page struct {
	Notification []notification `xml:"notification"`
}

type changes struct {
	Change []struct {
		State        string       `xml:"state"`
		Notification notification `xml:"notification"`
	} `xml:"change"`
	NextCursor string `xml:"nextCursor"`
}

type sealed struct {
	SHA256 string       `xml:"sha256"`
	XML    base64Binary `xml:"xml"`
}

type document struct {
	DocumentID string       `xml:"documentId"`
	SHA256     string       `xml:"sha256"`
	Content    base64Binary `xml:"content"`
}

type items struct {
	Item []struct {
		Outcome string   `xml:"outcome"`
		Receipt []sealed `xml:"receipt"`
		Problem struct {
			Code string `xml:"code"`
		} `xml:"problem"`
		Document []document `xml:"document"`
	} `xml:"item"`
}

type summary struct {
	Total   int `xml:"total"`
	ByState []struct {
		Count int `xml:"count"`
	} `xml:"byState"`
}

type history struct {
	Event []struct {
		State    string `xml:"state"`
		Decisive bool   `xml:"decisive"`
	} `xml:"event"`
}

type assignment struct {
	AssignmentID string `xml:"assignmentId"`
	EndsAt       string `xml:"endsAt"`
}

type representations struct {
	Representation []struct {
		Role string `xml:"role"`
	} `xml:"representation"`
	RedAssignment []assignment `xml:"redAssignment"`
}

type assigned struct {
	RedAssignment assignment `xml:"redAssignment"`
}

type matters struct {
	Matter []struct {
		Procedure []struct {
			Code string `xml:"code"`
		} `xml:"procedure"`
	} `xml:"matter"`
}

type power struct {
	PowerID    string `xml:"powerId"`
	State      string `xml:"state"`
	AcceptedAt string `xml:"acceptedAt"`
	ExpiresAt  string `xml:"expiresAt"`
	EndedAt    string `xml:"endedAt"`
}

type onePower struct {
	Power power `xml:"power"`
}

type powers struct {
	Power []power `xml:"power"`
}

type user struct {
	UserID string `xml:"userId"`
	EndsAt string `xml:"endsAt"`
}

type oneUser struct {
	User user `xml:"user"`
}

type users struct {
	User []user `xml:"user"`
}

type channel struct {
	Obliged        *bool  `xml:"obliged"`
	Channel        string `xml:"channel"`
	ReceivingAlone *bool  `xml:"receivingAlone"`
	Address        string `xml:"address"`
}

// Requests: their fields stand in the order of the schema.

type ids struct {
	ID     []string `xml:"id"`
	Reason string   `xml:"reason,omitempty"`
}

type aPower struct {
	PowerID   string `xml:"powerId"`
	ExpiresAt string `xml:"expiresAt,omitempty"`
	Allowed   bool   `xml:"statutesAllowRepresentation,omitempty"`
}

type grant struct {
	Attorney        string `xml:"attorney"`
	AttorneyName    string `xml:"attorneyName"`
	Scope           string `xml:"scope"`
	Value           string `xml:"value,omitempty"`
	SpecialCategory bool   `xml:"specialCategory"`
	ExpiresAt       string `xml:"expiresAt"`
}

type grantUser struct {
	Person     string `xml:"person"`
	PersonName string `xml:"personName"`
	AllClients bool   `xml:"allClients"`
	MayDecide  bool   `xml:"mayDecide"`
}

type aUser struct {
	UserID string `xml:"userId"`
}

type aSubscription struct {
	SubscriptionID string `xml:"subscriptionId"`
}

type subscription struct {
	SubscriptionID string `xml:"subscriptionId"`
	URL            string `xml:"url"`
	Ended          string `xml:"ended"`
}

type oneSubscription struct {
	Subscription subscription `xml:"subscription"`
}

type subscriptions struct {
	Subscription []subscription `xml:"subscription"`
}

type deliveries struct {
	Delivery []aSubscription `xml:"delivery"`
	Replayed string          `xml:"replayed"`
}
