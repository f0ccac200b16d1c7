// Command kube is every Kubernetes program the embedded cluster needs, in one binary: the first argument names it.
package main

import (
	"context"
	"fmt"
	"os"
	"sort"
	"strings"

	"github.com/coredns/coredns/coremain"
	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubeadm "k8s.io/kubernetes/cmd/kubeadm/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// programs maps the first argument to a function that runs the program and returns its exit status.
var programs = map[string]func() int{
	"apiserver":          func() int { return runCobra(apiserver.NewAPIServerCommand()) },
	"controller-manager": func() int { return runCobra(controllermanager.NewControllerManagerCommand()) },
	"coredns":            func() int { coremain.Run(); return 0 },
	"etcd":               func() int { etcdmain.Main(os.Args); return 0 },
	"kubeadm":            func() int { return report(kubeadm.Run()) },
	"kubectl":            func() int { return runCobra(kubectl.NewDefaultKubectlCommand()) },
	"kubelet":            func() int { return runCobra(kubelet.NewKubeletCommand(context.Background())) },
	"netpol":             func() int { return report(enforceNetworkPolicy(os.Args[1:])) },
	"proxy":              func() int { return runCobra(proxy.NewProxyCommand()) },
	"storage":            func() int { return report(provisionStorage(os.Args[1:])) },
	"scheduler":          func() int { return runCobra(scheduler.NewSchedulerCommand()) },
}

func main() {
	if len(os.Args) < 2 || programs[os.Args[1]] == nil {
		fmt.Fprintf(os.Stderr, "usage: kube PROGRAM [FLAGS...]; programs: %s\n", strings.Join(names(), ", "))
		os.Exit(2)
	}
	// The programs read os.Args themselves and expect their own name first.
	os.Args = os.Args[1:]
	os.Exit(programs[os.Args[0]]())
}

func names() []string {
	all := make([]string, 0, len(programs))
	for name := range programs {
		all = append(all, name)
	}
	sort.Strings(all)
	return all
}

func runCobra(command *cobra.Command) int { return cli.Run(command) }

func report(err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}
