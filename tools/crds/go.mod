// The modules whose custom resource definitions `make lint` knows, beside those of Istio, which tools/go.mod pins. A module of its
// own: nothing is built of them, and what they require stays away from what is.
module souk.dev/tools/crds

go 1.26

require (
	github.com/argoproj/argo-cd/v3 v3.5.1
	github.com/cert-manager/cert-manager v1.21.2
	github.com/cloudnative-pg/cloudnative-pg v1.27.1
	github.com/external-secrets/external-secrets v1.3.2
)
