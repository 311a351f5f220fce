"""Tells every pod's Envoy what to do, from the same objects that istiod would read.

`translation.translate` is a pure function of the objects and the pods, and incremental; `ads.AdsServer` serves its
result and knows what each proxy has acknowledged; `publisher.Publisher` calls the one for the other whenever something
changes. The supervisor uses it like this, all of it in one event loop:

    ads = AdsServer(home / "xds.sock")
    await ads.start()
    identities = Identities(CertificateAuthority.open(home / "identity"))
    publisher = Publisher(
        ads,
        identities,
        configuration=lambda: Configuration.of(store.list()),
        pods=lambda: controllers.pods(),
    )
    tasks.create_task(publisher.run())  # publishes, and renews certificates, until cancelled

    publisher.changed()  # whenever an object, a pod, its readiness or its addresses change; returns at once

A pod's proxy is started with what `souk_mesh.xds.bootstrap` gives, after the pod is among `pods()`; it asks for its own
configuration. Its standard output carries the access log, one JSON object a line: give it a file opened for appending
(Envoy opens /dev/stdout again by its name) or a pipe.

    sockets = {"xds_socket": ads.socket, "observer_socket": home / "access.sock"}
    file.write_text(bootstrap(pod, **sockets, admin=folder / "admin.sock"))
    process = await create_subprocess_exec(*command(envoy_binary(home / "venv"), file), stdout=log, stderr=log)
    await ads.acknowledged(10, [pod.node])  # {node: ProxyStatus}; `.current` when it runs what was published last

To say that a change has arrived everywhere (`souk split`), and to show where proxies stand:

    store.put(virtual_service)
    statuses = await publisher.settled(timeout=5)  # publishes now, waits for every connected proxy
    late = [each for each in statuses.values() if not each.current]  # `.refusal` holds Envoy's own words, if it refused
    ads.status()

A pod that leaves: set `ready=False`, `await publisher.settled(…)`, SIGTERM the application, wait for its exit, SIGTERM
its Envoy, drop it from `pods()`. In that order nothing is lost.
"""

from souk_mesh.xds.ads import AdsError, AdsServer, ProxyStatus
from souk_mesh.xds.configuration import ROOT_NAMESPACE, Configuration
from souk_mesh.xds.publisher import Publisher
from souk_mesh.xds.resources import Kind, Resources
from souk_mesh.xds.translation import Translation, resources, translate
from souk_mesh.xds.view import View

__all__ = [
    "ROOT_NAMESPACE",
    "AdsError",
    "AdsServer",
    "Configuration",
    "Kind",
    "ProxyStatus",
    "Publisher",
    "Resources",
    "Translation",
    "View",
    "resources",
    "translate",
]
