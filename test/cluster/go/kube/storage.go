package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	core "k8s.io/api/core/v1"
	storage "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	storagelisters "k8s.io/client-go/listers/storage/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

const (
	provisionerName  = "creel.dev/folder"
	provisionedBy    = "pv.kubernetes.io/provisioned-by"
	selectedNode     = "volume.kubernetes.io/selected-node"
	resyncEvery      = 30 * time.Second
	volumeFolderMode = 0o755
	volumePrefix     = "pvc-"
)

// provisioner makes a folder and a PersistentVolume of type "local" for each claim of its storage class. All nodes of the
// embedded cluster share one file system, so a volume is reachable from each of them, and the kubelet applies fsGroup.
type provisioner struct {
	client  kubernetes.Interface
	root    string
	claims  corelisters.PersistentVolumeClaimLister
	volumes corelisters.PersistentVolumeLister
	classes storagelisters.StorageClassLister
	wake    chan struct{}
}

// provisionStorage runs the provisioner until a signal ends it.
func provisionStorage(args []string) error {
	flags := pflag.NewFlagSet("storage", pflag.ContinueOnError)
	kubeconfig := flags.String("kubeconfig", "", "how to reach the API server")
	root := flags.String("root", "", "the folder that holds a folder per volume")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("parse flags: %w", err)
	}
	access, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return fmt.Errorf("read kubeconfig %q: %w", *kubeconfig, err)
	}
	client, err := kubernetes.NewForConfig(access)
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	return newProvisioner(client, *root).run(ctx)
}

func newProvisioner(client kubernetes.Interface, root string) *provisioner {
	return &provisioner{client: client, root: root, wake: make(chan struct{}, 1)}
}

// run looks at all claims and volumes after every change of one: there are few, and nothing can be missed.
func (p *provisioner) run(ctx context.Context) error {
	shared := informers.NewSharedInformerFactory(p.client, resyncEvery)
	p.claims = shared.Core().V1().PersistentVolumeClaims().Lister()
	p.volumes = shared.Core().V1().PersistentVolumes().Lister()
	p.classes = shared.Storage().V1().StorageClasses().Lister()
	anyChange := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { p.poke() },
		UpdateFunc: func(any, any) { p.poke() },
		DeleteFunc: func(any) { p.poke() },
	}
	for _, informer := range []cache.SharedIndexInformer{
		shared.Core().V1().PersistentVolumeClaims().Informer(),
		shared.Core().V1().PersistentVolumes().Informer(),
		shared.Storage().V1().StorageClasses().Informer(),
	} {
		if _, err := informer.AddEventHandler(anyChange); err != nil {
			return fmt.Errorf("watch: %w", err)
		}
	}
	shared.Start(ctx.Done())
	shared.WaitForCacheSync(ctx.Done())
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.wake:
			if err := p.reconcile(ctx); err != nil && ctx.Err() == nil {
				klog.ErrorS(err, "will try again at the next change or resync")
			}
		}
	}
}

func (p *provisioner) poke() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *provisioner) reconcile(ctx context.Context) error {
	claims, err := p.claims.List(labels.Everything())
	if err != nil {
		return err
	}
	volumes, err := p.volumes.List(labels.Everything())
	if err != nil {
		return err
	}
	var failures []error
	for _, claim := range claims {
		if class, ours := p.classOf(claim); ours {
			failures = append(failures, p.provision(ctx, claim, class))
		}
	}
	for _, volume := range volumes {
		if volume.Annotations[provisionedBy] == provisionerName && volume.Status.Phase == core.VolumeReleased {
			failures = append(failures, p.remove(ctx, volume))
		}
	}
	return errors.Join(failures...)
}

// classOf answers the claim's storage class if it is ours and the claim is ready to be provisioned.
func (p *provisioner) classOf(claim *core.PersistentVolumeClaim) (*storage.StorageClass, bool) {
	if claim.Status.Phase == core.ClaimBound || claim.Spec.VolumeName != "" || claim.Spec.StorageClassName == nil {
		return nil, false
	}
	class, err := p.classes.Get(*claim.Spec.StorageClassName)
	if err != nil || class.Provisioner != provisionerName {
		return nil, false
	}
	waits := class.VolumeBindingMode != nil && *class.VolumeBindingMode == storage.VolumeBindingWaitForFirstConsumer
	return class, !waits || claim.Annotations[selectedNode] != ""
}

func (p *provisioner) provision(ctx context.Context, claim *core.PersistentVolumeClaim, class *storage.StorageClass) error {
	name := volumePrefix + string(claim.UID)
	if _, err := p.volumes.Get(name); err == nil {
		return nil
	}
	folder := filepath.Join(p.root, name)
	if err := os.MkdirAll(folder, volumeFolderMode); err != nil {
		return fmt.Errorf("make the folder of claim %s/%s: %w", claim.Namespace, claim.Name, err)
	}
	_, err := p.client.CoreV1().PersistentVolumes().Create(ctx, volumeFor(claim, class, name, folder), meta.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create the volume of claim %s/%s: %w", claim.Namespace, claim.Name, err)
	}
	return nil
}

func volumeFor(claim *core.PersistentVolumeClaim, class *storage.StorageClass, name, folder string) *core.PersistentVolume {
	reclaim := core.PersistentVolumeReclaimDelete
	if class.ReclaimPolicy != nil {
		reclaim = *class.ReclaimPolicy
	}
	filesystem := core.PersistentVolumeFilesystem
	return &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: name, Annotations: map[string]string{provisionedBy: provisionerName}},
		Spec: core.PersistentVolumeSpec{
			Capacity:                      core.ResourceList{core.ResourceStorage: claim.Spec.Resources.Requests[core.ResourceStorage]},
			AccessModes:                   claim.Spec.AccessModes,
			PersistentVolumeReclaimPolicy: reclaim,
			StorageClassName:              class.Name,
			VolumeMode:                    &filesystem,
			PersistentVolumeSource:        core.PersistentVolumeSource{Local: &core.LocalVolumeSource{Path: folder}},
			ClaimRef: &core.ObjectReference{
				Kind: "PersistentVolumeClaim", APIVersion: "v1",
				Namespace: claim.Namespace, Name: claim.Name, UID: types.UID(claim.UID),
			},
			NodeAffinity: everyNode(),
		},
	}
}

// everyNode is required of local volumes; here each node reaches them all.
func everyNode() *core.VolumeNodeAffinity {
	linux := core.NodeSelectorRequirement{Key: core.LabelOSStable, Operator: core.NodeSelectorOpIn, Values: []string{"linux"}}
	terms := []core.NodeSelectorTerm{{MatchExpressions: []core.NodeSelectorRequirement{linux}}}
	return &core.VolumeNodeAffinity{Required: &core.NodeSelector{NodeSelectorTerms: terms}}
}

// remove deletes a released volume and its folder, never anything outside our root.
func (p *provisioner) remove(ctx context.Context, volume *core.PersistentVolume) error {
	if volume.Spec.PersistentVolumeReclaimPolicy != core.PersistentVolumeReclaimDelete || volume.Spec.Local == nil {
		return nil
	}
	folder := volume.Spec.Local.Path
	if filepath.Dir(folder) != filepath.Clean(p.root) || !strings.HasPrefix(filepath.Base(folder), volumePrefix) {
		return fmt.Errorf("volume %s lies at %q, not directly below %q: left alone", volume.Name, folder, p.root)
	}
	if err := os.RemoveAll(folder); err != nil {
		return fmt.Errorf("remove the folder of volume %s: %w", volume.Name, err)
	}
	err := p.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, meta.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete volume %s: %w", volume.Name, err)
	}
	return nil
}
