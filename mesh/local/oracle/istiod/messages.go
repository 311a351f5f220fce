package main

// Question is what is asked about one proxy.
type Question struct {
	// Kubernetes holds pods, services and whatever else the API server would, as YAML documents.
	Kubernetes string `json:"kubernetes"`
	// Istio holds Istio's objects, as YAML documents.
	Istio string `json:"istio"`
	Proxy Proxy  `json:"proxy"`
}

// Proxy is the pod whose Envoy asks.
type Proxy struct {
	// Kind is `sidecar` or `router`.
	Kind           string            `json:"kind"`
	Name           string            `json:"name"`
	Namespace      string            `json:"namespace"`
	Address        string            `json:"address"`
	ServiceAccount string            `json:"service_account"`
	Labels         map[string]string `json:"labels"`
}

// Answer holds Envoy's messages in their binary form: it keeps what JSON would need a registry of types for.
type Answer struct {
	// Error is what Istio says of objects that it refuses; then there is nothing else.
	Error     string   `json:"error,omitempty"`
	Listeners [][]byte `json:"listeners"`
	Routes    [][]byte `json:"routes"`
	Clusters  [][]byte `json:"clusters"`
	Endpoints [][]byte `json:"endpoints"`
}
