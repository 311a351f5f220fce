package main

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/test"
)

const (
	domain = "cluster.local"
	// Many things depend on the version that a proxy says it has; the test server takes an old one unless it is told.
	proxyVersion = "1.31.0"
)

// Objects that say nothing of their age are all of this one, so that their names decide which comes first.
var sameAge = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func translate(t test.Failer, question Question) (Answer, error) {
	configs, err := parse(question.Istio)
	if err != nil {
		return Answer{}, err
	}
	server := xds.NewFakeDiscoveryServer(t, xds.FakeOptions{
		KubernetesObjectString:     question.Kubernetes,
		Configs:                    configs,
		DisableSecretAuthorization: true,
	})
	proxy := server.SetupProxy(node(question.Proxy))
	listeners := server.Listeners(proxy)
	return Answer{
		Listeners: marshal(t, listeners),
		Routes:    marshal(t, server.RoutesFromListeners(proxy, listeners)),
		Clusters:  marshal(t, server.Clusters(proxy)),
		Endpoints: marshal(t, server.Endpoints(proxy)),
	}, nil
}

// parse reads and validates Istio's objects. Only with a domain are short host names what they are in a cluster.
func parse(text string) ([]config.Config, error) {
	configs, unknown, err := crd.ParseInputs(text)
	if err != nil {
		return nil, err
	}
	if len(unknown) > 0 {
		return nil, fmt.Errorf("Istio knows no kind %s %s", unknown[0].APIVersion, unknown[0].Kind)
	}
	for i := range configs {
		configs[i].Domain = domain
		if configs[i].CreationTimestamp.IsZero() {
			configs[i].CreationTimestamp = sameAge
		}
	}
	return configs, nil
}

func node(proxy Proxy) *model.Proxy {
	return &model.Proxy{
		Type:            model.NodeType(proxy.Kind),
		ID:              proxy.Name + "." + proxy.Namespace,
		ConfigNamespace: proxy.Namespace,
		DNSDomain:       proxy.Namespace + ".svc." + domain,
		IPAddresses:     []string{proxy.Address},
		Labels:          proxy.Labels,
		Metadata: &model.NodeMetadata{
			IstioVersion:   proxyVersion,
			ClusterID:      "Kubernetes",
			Namespace:      proxy.Namespace,
			ServiceAccount: proxy.ServiceAccount,
			Labels:         proxy.Labels,
		},
	}
}

func marshal[Message proto.Message](t test.Failer, messages []Message) [][]byte {
	bytes := make([][]byte, 0, len(messages))
	for _, message := range messages {
		each, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
		if err != nil {
			t.Fatalf("%T can't be written: %v", message, err)
		}
		bytes = append(bytes, each)
	}
	return bytes
}
