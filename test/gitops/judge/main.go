// Judges objects as deployment tools do: one JSON object a line in, one verdict a line out. Argo CD runs health scripts on
// gopher-lua without the string library; kubectl-apply tools and Flux use kstatus; Flux's healthCheckExprs are CEL.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kubejson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type question struct {
	Object map[string]any `json:"object"`
	// A health script of Argo CD; empty: none.
	Lua string `json:"lua"`
	// Flux's expressions by name (current, inProgress, failed).
	Expressions map[string]string `json:"expressions"`
}

type verdict struct {
	Kstatus     string          `json:"kstatus"`
	Health      *health         `json:"health,omitempty"`
	Expressions map[string]bool `json:"expressions,omitempty"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<24)
	for lines.Scan() {
		var asked question
		// Whole numbers as int64, as every Kubernetes client has them.
		must(kubejson.Unmarshal(lines.Bytes(), &asked))
		answer, err := judge(asked)
		must(err)
		must(json.NewEncoder(os.Stdout).Encode(answer))
	}
	must(lines.Err())
}

func judge(asked question) (verdict, error) {
	result, err := status.Compute(&unstructured.Unstructured{Object: asked.Object})
	if err != nil {
		return verdict{}, fmt.Errorf("kstatus: %w", err)
	}
	answer := verdict{Kstatus: string(result.Status)}
	if asked.Lua != "" {
		if answer.Health, err = runHealthScript(asked.Lua, asked.Object); err != nil {
			return verdict{}, fmt.Errorf("health script: %w", err)
		}
	}
	if len(asked.Expressions) > 0 {
		if answer.Expressions, err = evaluate(asked.Expressions, asked.Object); err != nil {
			return verdict{}, fmt.Errorf("expression: %w", err)
		}
	}
	return answer, nil
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
