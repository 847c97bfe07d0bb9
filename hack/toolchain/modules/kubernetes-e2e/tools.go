//go:build tools

// Package tools pins what the conformance run is built from: the suite, the program that spreads it over processes, and its test image.
package tools

import (
	_ "github.com/onsi/ginkgo/v2/ginkgo"
	_ "k8s.io/kubernetes/test/e2e"
	_ "k8s.io/kubernetes/test/images/agnhost"
)
