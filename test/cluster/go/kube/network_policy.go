package main

import (
	"context"
	"fmt"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/v2/pkg/options"
	"github.com/spf13/pflag"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

// enforceNetworkPolicy runs kube-router's NetworkPolicy controller, and nothing else of kube-router, until a signal ends it.
func enforceNetworkPolicy(args []string) error {
	settings := options.NewKubeRouterConfig()
	flags := pflag.NewFlagSet("netpol", pflag.ContinueOnError)
	settings.AddFlags(flags)
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("parse flags: %w", err)
	}
	access, err := clientcmd.BuildConfigFromFlags("", settings.Kubeconfig)
	if err != nil {
		return fmt.Errorf("read kubeconfig %q: %w", settings.Kubeconfig, err)
	}
	client, err := kubernetes.NewForConfig(access)
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	if err := waitForNode(ctx, client, settings.HostnameOverride); err != nil {
		return err
	}

	shared := informers.NewSharedInformerFactory(client, 0)
	pods := shared.Core().V1().Pods().Informer()
	policies := shared.Networking().V1().NetworkPolicies().Informer()
	namespaces := shared.Core().V1().Namespaces().Informer()
	tables, sets, err := netpol.NewIPTablesHandlers(settings)
	if err != nil {
		return fmt.Errorf("find iptables and ipset: %w", err)
	}
	keepToOwnFamily(sets)
	controller, err := netpol.NewNetworkPolicyController(client, settings, pods, policies, namespaces, &sync.Mutex{}, tables, sets)
	if err != nil {
		return fmt.Errorf("make the controller: %w", err)
	}
	for informer, handler := range map[cache.SharedIndexInformer]cache.ResourceEventHandler{
		pods:       controller.PodEventHandler,
		policies:   controller.NetworkPolicyEventHandler,
		namespaces: controller.NamespaceEventHandler,
	} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return fmt.Errorf("watch: %w", err)
		}
	}
	shared.Start(ctx.Done())
	shared.WaitForCacheSync(ctx.Done())

	heartbeats := make(chan *healthcheck.ControllerHeartbeat, 10)
	go drain(heartbeats)
	var running sync.WaitGroup
	running.Add(1)
	go controller.Run(heartbeats, ctx.Done(), &running)
	<-ctx.Done()
	running.Wait()
	return nil
}

// waitForNode waits for the kubelet to register its node: the controller reads the node's address once, when it is made.
func waitForNode(ctx context.Context, client kubernetes.Interface, name string) error {
	err := wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		node, err := client.CoreV1().Nodes().Get(ctx, name, meta.GetOptions{})
		return err == nil && len(node.Status.Addresses) > 0, nil
	})
	if err != nil {
		return fmt.Errorf("wait for node %q: %w", name, err)
	}
	return nil
}

// drain keeps the controller's heartbeats from filling their channel: nobody monitors them here.
func drain(heartbeats <-chan *healthcheck.ControllerHeartbeat) {
	for range heartbeats {
	}
}
