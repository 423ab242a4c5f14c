// Reads messages with the types that gowsdl made, and prints every text that they hold: contract, message, place, text.
// messages.go, written beside it, knows the types.
package main

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/hooklift/gowsdl/soap"
)

var out = bufio.NewWriter(os.Stdout)

func main() {
	defer out.Flush()
	for contract, made := range messages {
		for name, empty := range made {
			data, err := os.ReadFile(filepath.Join(os.Args[1], contract, name+".xml"))
			if err != nil {
				panic(err)
			}
			message := empty()
			if err := xml.Unmarshal(data, message); err != nil {
				panic(fmt.Sprint(contract, " ", name, ": ", err))
			}
			tell(contract+"\t"+name, "", reflect.ValueOf(message))
		}
	}
}

func tell(message string, place string, value reflect.Value) {
	switch {
	case value.Type() == reflect.TypeOf(soap.XSDDateTime{}):
		instant := value.Interface().(soap.XSDDateTime)
		print(message, place, instant.ToGoTime().UTC().Format("2006-01-02T15:04:05.000Z"))
	case value.Type() == reflect.TypeOf([]byte{}):
		print(message, place, string(value.Bytes()))
	case value.Kind() == reflect.Pointer:
		if !value.IsNil() {
			tell(message, place, value.Elem())
		}
	case value.Kind() == reflect.Slice:
		for i := 0; i < value.Len(); i++ {
			tell(message, place, value.Index(i))
		}
	case value.Kind() == reflect.Struct:
		for i := 0; i < value.NumField(); i++ {
			name, options, _ := strings.Cut(value.Type().Field(i).Tag.Get("xml"), ",")
			switch {
			case value.Type().Field(i).Name == "XMLName":
			case strings.HasPrefix(options, "chardata"):
				tell(message, place, value.Field(i))
			case strings.HasPrefix(options, "attr"):
				tell(message, place+"/@"+name, value.Field(i))
			default:
				tell(message, place+"/"+name, value.Field(i))
			}
		}
	default:
		print(message, place, fmt.Sprint(value.Interface()))
	}
}

func print(message string, place string, text string) {
	fmt.Fprintf(out, "%s\t%s\t%s\n", message, place, text)
}
