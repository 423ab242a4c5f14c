// Calls every operation of the contract and one that fails; prints a line of JSON for each.
//
//	every-operation URL company attorney service.cert.pem
//
// company and attorney stand for NAME.key.pem and NAME.cert.pem; the company's is its representative's. Accepting and rejecting
// have a legal effect: run it against a sandbox.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

type nothing struct{}

func main() {
	if len(os.Args) != 5 {
		stop(errors.New("every-operation URL company attorney service.cert.pem"))
	}
	url, service := os.Args[1], os.Args[4]
	line(map[string]any{"versions": "Go " + strings.TrimPrefix(runtime.Version(), "go")})
	company, err := Connect(url, os.Args[2]+".key.pem", os.Args[2]+".cert.pem", service)
	stop(err)
	attorney, err := Connect(url, os.Args[3]+".key.pem", os.Args[3]+".cert.pem", service)
	stop(err)

	show(company, "Ping", nothing{}, func(one pinged) bool { return one.Known })
	list := struct {
		State    []string `xml:"filter>state"`
		PageSize int      `xml:"pageSize"`
	}{[]string{"available"}, 2}
	found := show(company, "ListNotifications", list, func(one page) bool {
		return len(one.Notification) == 2 && one.Notification[0].State == "available" && one.Notification[1].State == "available"
	}).Notification
	if len(found) < 2 {
		stop(errors.New("fewer than two available notifications are left: take a fresh sandbox"))
	}
	decide(company, found[0].ID, found[1].ID)
	represent(company)
	entrust(company, attorney)

	show(company, "GetDeliveryChannel", nothing{}, func(one channel) bool { return one.Obliged != nil })
	electronic := struct {
		Channel string `xml:"channel"`
	}{"electronic"}
	show(company, "SetDeliveryChannel", electronic, func(one channel) bool { return one.Channel == "electronic" })
	together := struct {
		ReceivingAlone bool `xml:"receivingAlone"`
	}{false}
	show(company, "SetReceivingAlone", together, func(one channel) bool {
		return one.ReceivingAlone != nil && !*one.ReceivingAlone
	})
	told := struct {
		Address string `xml:"address"`
	}{"avisos@example.org"}
	show(company, "SetContacts", told, func(one channel) bool { return one.Address == told.Address })
	show(company, "GetContacts", nothing{}, func(one channel) bool { return one.Address == told.Address })
	subscribe(company)
	fail(company)
}

// subscribe has changes pushed, looks how that stands, and ends it.
func subscribe(company *Gateway) {
	hook := struct {
		Kind string `xml:"kind"`
		URL  string `xml:"url"`
	}{"webhook", "https://127.0.0.1:9443/hook"}
	id := show(company, "Subscribe", hook, func(one oneSubscription) bool {
		return one.Subscription.URL == hook.URL
	}).Subscription.SubscriptionID
	show(company, "ListSubscriptions", nothing{}, func(one subscriptions) bool {
		for _, each := range one.Subscription {
			if each.SubscriptionID == id {
				return true
			}
		}
		return false
	})
	that := aSubscription{id}
	show(company, "ListDeadDeliveries", that, func(one deliveries) bool { return len(one.Delivery) == 0 })
	show(company, "ReplayDeliveries", that, func(one deliveries) bool { return one.Replayed == "0" })
	show(company, "Unsubscribe", that, func(one oneSubscription) bool { return one.Subscription.Ended == "unsubscribed" })
}

// decide accepts the one and rejects the other, and sees both in receipts, documents, changes, counts and the history.
func decide(company *Gateway, first, second string) {
	begin := ask[changes](company, "ListChanges", struct {
		FromNow bool `xml:"fromNow"`
	}{true})
	show(company, "AcceptNotifications", ids{ID: []string{first}}, func(one items) bool {
		receipt := one.Item[0].Receipt[0]
		return one.Item[0].Outcome == "decided" && hash(receipt.XML) == receipt.SHA256
	})
	reject := ids{[]string{second}, "No procede: <ver> & archivar"}
	show(company, "RejectNotifications", reject, func(one items) bool { return one.Item[0].Outcome == "decided" })
	both := ids{ID: []string{first, second}}
	show(company, "RetrieveReceipts", both, func(one items) bool {
		return len(one.Item[0].Receipt) > 0 && len(one.Item[1].Receipt) > 0
	})
	retrieved := show(company, "RetrieveNotifications", both, func(one items) bool {
		return one.Item[1].Problem.Code == "NOT_ACCEPTED"
	})
	listed := retrieved.Item[0].Document[0]
	whole := struct {
		ID         string `xml:"id"`
		DocumentID string `xml:"documentId"`
	}{first, listed.DocumentID}
	show(company, "RetrieveDocument", whole, func(one document) bool { return hash(one.Content) == listed.SHA256 })

	after := struct {
		Cursor string `xml:"cursor"`
	}{begin.NextCursor}
	show(company, "ListChanges", after, func(one changes) bool {
		for _, change := range one.Change {
			if change.Notification.ID == first && change.State == "accepted" {
				return true
			}
		}
		return false
	})
	show(company, "MarkNotifications", struct {
		ID         string `xml:"id"`
		Downloaded bool   `xml:"downloaded"`
		AddLabel   string `xml:"addLabel"`
	}{first, true, "visto"}, func(one marked) bool { return one.Item[0].Marks.Label[0].Label == "visto" })
	// A witness keeps the head, and asks the next time for the proof from its size to the new one's.
	show(company, "GetLogHead", nothing{}, func(one logHead) bool {
		return one.Head == "" || len(one.Head) > 100
	})
	show(company, "ProveConsistency", struct {
		Old int64 `xml:"oldSize"`
		New int64 `xml:"newSize"`
	}{0, 0}, func(one consistency) bool { return one.New == 0 && len(one.Hash) == 0 })
	show(company, "GetSummary", nothing{}, func(one summary) bool {
		sum := 0
		for _, each := range one.ByState {
			sum += each.Count
		}
		return sum == one.Total
	})
	show(company, "GetHistory", struct {
		ID string `xml:"id"`
	}{first}, func(one history) bool {
		decisive := ""
		for _, event := range one.Event {
			if event.Decisive {
				decisive += event.State
			}
		}
		return decisive == "accepted"
	})
}

// represent takes an account from its RED person and gives it back.
func represent(company *Gateway) {
	titles := show(company, "ListRepresentations", nothing{}, func(one representations) bool {
		return one.Representation[0].Role == "own"
	})
	account := struct {
		AssignmentID string `xml:"assignmentId"`
	}{titles.RedAssignment[len(titles.RedAssignment)-1].AssignmentID}
	show(company, "UnassignRed", account, func(one assigned) bool { return one.RedAssignment.EndsAt != "" })
	show(company, "ReassignRed", account, func(one assigned) bool { return one.RedAssignment.EndsAt == "" })
}

// entrust grants powers and ends them, in both ways.
func entrust(company, attorney *Gateway) {
	show(company, "ListMatters", nothing{}, func(one matters) bool {
		for _, matter := range one.Matter {
			for _, procedure := range matter.Procedure {
				if procedure.Code == "9900101" {
					return true
				}
			}
		}
		return false
	})
	other, me := ask[pinged](attorney, "Ping", nothing{}).Party, ask[pinged](company, "Ping", nothing{}).Party
	terms := grant{other.Identifier, other.Name, "procedure", "9900101", false, inDays(365)}
	id := show(company, "GrantPower", terms, func(one onePower) bool { return one.Power.PowerID != "" }).Power.PowerID
	isEnded := func(one onePower) bool { return one.Power.EndedAt != "" }
	show(attorney, "AcceptPower", aPower{PowerID: id}, func(one onePower) bool { return one.Power.AcceptedAt != "" })
	longer := aPower{PowerID: id, ExpiresAt: inDays(730)}
	show(company, "ExtendPower", longer, func(one onePower) bool { return one.Power.ExpiresAt > terms.ExpiresAt })
	all := struct {
		PageSize int `xml:"pageSize"`
	}{1000}
	show(company, "ListPowers", all, func(one powers) bool {
		for _, each := range one.Power {
			if each.PowerID == id {
				return true
			}
		}
		return false
	})
	worker := grantUser{"00000014Z", "Celia Prueba", true, false}
	user := show(company, "GrantUser", worker, func(one oneUser) bool { return one.User.UserID != "" }).User.UserID
	show(company, "ListUsers", nothing{}, func(one users) bool {
		for _, each := range one.User {
			if each.UserID == user {
				return true
			}
		}
		return false
	})
	show(company, "EndUser", aUser{user}, func(one oneUser) bool { return one.User.EndsAt != "" })
	show(company, "CertifyPower", aPower{PowerID: id}, func(one sealed) bool { return hash(one.XML) == one.SHA256 })
	show(company, "RevokePower", aPower{PowerID: id}, isEnded)
	terms.ExpiresAt = inDays(366)
	again := aPower{PowerID: ask[onePower](company, "GrantPower", terms).Power.PowerID}
	ask[onePower](attorney, "AcceptPower", again)
	show(attorney, "RenouncePower", again, isEnded)

	general := grant{Attorney: me.Identifier, AttorneyName: me.Name, Scope: "general", ExpiresAt: inDays(365)}
	mine := ask[onePower](attorney, "GrantPower", general).Power.PowerID
	show(company, "MakeResponsibleStatement", aPower{PowerID: mine, Allowed: true}, func(one onePower) bool {
		return one.Power.State == "pending"
	})
	ask[onePower](company, "RenouncePower", aPower{PowerID: mine})
}

// fail asks for what does not exist and reads the typed detail of the fault.
func fail(company *Gateway) {
	const unknown = "00000000-0000-4000-8000-000000000000"
	err := company.Call("RetrieveDocument", struct {
		ID         string `xml:"id"`
		DocumentID string `xml:"documentId"`
	}{unknown, unknown}, &nothing{})
	var fault *Fault
	if !errors.As(err, &fault) {
		stop(fmt.Errorf("not a fault: %w", err))
	}
	line(map[string]any{"operation": "a fault", "ok": fault.Code == "NOTIFICATION_UNKNOWN", "verified": true})
}

// ask calls an operation; an answer that is not verified ends the program, so what is returned was verified.
func ask[T any](gateway *Gateway, operation string, request any) T {
	var answer T
	stop(gateway.Call(operation, request, &answer))
	return answer
}

func show[T any](gateway *Gateway, operation string, request any, check func(T) bool) T {
	answer := ask[T](gateway, operation, request)
	line(map[string]any{"operation": operation, "ok": check(answer), "verified": true})
	return answer
}

func line(what map[string]any) {
	text, err := json.Marshal(what)
	stop(err)
	fmt.Println(string(text))
}

func stop(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func inDays(days int) string {
	return time.Now().UTC().AddDate(0, 0, days).Format("2006-01-02T15:04:05Z")
}
