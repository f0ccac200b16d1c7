package main

import (
	"fmt"

	"github.com/google/cel-go/cel"
)

// As Flux does it: the object's own fields are the variables, and an expression answers true or false.
func evaluate(expressions map[string]string, object map[string]any) (map[string]bool, error) {
	variables := []cel.EnvOption{}
	for _, name := range []string{"apiVersion", "kind", "metadata", "spec", "status"} {
		variables = append(variables, cel.Variable(name, cel.DynType))
	}
	env, err := cel.NewEnv(variables...)
	if err != nil {
		return nil, err
	}
	answers := map[string]bool{}
	for name, text := range expressions {
		ast, issues := env.Compile(text)
		if issues.Err() != nil {
			return nil, fmt.Errorf("%s: %w", name, issues.Err())
		}
		program, err := env.Program(ast)
		if err != nil {
			return nil, err
		}
		value, _, err := program.Eval(object)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		answer, ok := value.Value().(bool)
		if !ok {
			return nil, fmt.Errorf("%s: answered %v", name, value)
		}
		answers[name] = answer
	}
	return answers, nil
}
