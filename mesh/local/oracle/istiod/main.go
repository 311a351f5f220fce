// Istiod answers what Istio's own discovery server would tell a proxy.
//
// Standard input holds one question a line, standard output one answer a line, both JSON, in the same order.
package main

import (
	"bufio"
	"encoding/json"
	"os"

	"istio.io/istio/pkg/log"
	"istio.io/istio/pkg/test"
)

func main() {
	// Istio logs to standard output unless told otherwise, and says much.
	options := log.DefaultOptions()
	options.OutputPaths = []string{"stderr"}
	options.SetDefaultOutputLevel("all", log.ErrorLevel)
	if err := log.Configure(options); err != nil {
		panic(err)
	}
	questions := json.NewDecoder(bufio.NewReader(os.Stdin))
	answers := json.NewEncoder(os.Stdout)
	for questions.More() {
		var question Question
		if err := questions.Decode(&question); err != nil {
			log.Fatalf("a question is not readable: %v", err)
		}
		if err := answers.Encode(ask(question)); err != nil {
			log.Fatalf("an answer can't be written: %v", err)
		}
	}
}

// ask starts a discovery server of its own for each question, so that none leaves a trace in another.
func ask(question Question) Answer {
	var answer Answer
	var refused error
	err := test.Wrap(func(t test.Failer) {
		answer, refused = translate(t, question)
	})
	if refused != nil {
		err = refused
	}
	if err != nil {
		return Answer{Error: err.Error()}
	}
	return answer
}
