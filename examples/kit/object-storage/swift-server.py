# OpenStack Swift with its S3 interface: its proxy, account, container and object servers in one
# process, which starts in half a second where four programs and memcached take five.
# The argument is JSON: folder, region, accessKeyId (account:user) and secretAccessKey.
import json
import os
import sys

import eventlet
from eventlet import wsgi
from swift.common import storage_policy, utils
from swift.common.ring.builder import RingBuilder
from swift.common.wsgi import loadapp

utils.eventlet_monkey_patch()

ORDER = json.loads(sys.argv[1])
FOLDER = ORDER["folder"]
DEVICES = os.path.join(FOLDER, "devices")
FILTERS = (
    "catch_errors cache listing_formats bulk s3api tempauth copy slo dlo versioned_writes symlink"
)


def main():
    os.makedirs(os.path.join(DEVICES, "device"))
    configure_swift()
    for kind in "account", "container", "object":
        serve_storage(kind)
    print("listening on http://127.0.0.1:%d" % serve_proxy(), flush=True)
    while True:
        eventlet.sleep(3600)


def configure_swift():
    utils.SWIFT_CONF_FILE = write(
        "swift.conf",
        {
            "swift-hash": {"swift_hash_path_suffix": "touchstone"},
            "storage-policy:0": {"name": "default", "default": "yes"},
        },
    )
    utils.validate_hash_conf()
    storage_policy.reload_storage_policies()


def serve_storage(kind):
    """One server, and the ring by which the proxy finds it."""
    settings = {
        "swift_dir": FOLDER,
        "devices": DEVICES,
        "mount_check": "false",
        "disable_fallocate": "true",
        "recon_cache_path": FOLDER,
    }
    sections = {
        "DEFAULT": settings,
        "pipeline:main": {"pipeline": kind + "-server"},
        "app:%s-server" % kind: {"use": "egg:swift#" + kind},
    }
    address = {"ip": "127.0.0.1", "port": listen_with(kind, sections)}
    replication = {"replication_" + name: value for name, value in address.items()}
    device = {"id": 0, "region": 1, "zone": 1, "weight": 1, "device": "device", "meta": ""}
    ring = RingBuilder(1, 1, 1)
    ring.add_dev({**device, **address, **replication})
    ring.rebalance()
    ring.get_ring().save(os.path.join(FOLDER, kind + ".ring.gz"))


def serve_proxy():
    filters = {"filter:" + name: {"use": "egg:swift#" + name} for name in FILTERS.split()}
    # Nobody listens there: what memcached would remember is looked up each time.
    filters["filter:cache"] = {"use": "egg:swift#memcache", "memcache_servers": "127.0.0.1:1"}
    filters["filter:s3api"]["location"] = ORDER["region"]
    filters["filter:s3api"]["cors_preflight_allow_origin"] = "*"
    user = "user_" + ORDER["accessKeyId"].replace(":", "_")
    filters["filter:tempauth"][user] = ORDER["secretAccessKey"] + " .admin"
    sections = {
        "DEFAULT": {"swift_dir": FOLDER},
        "pipeline:main": {"pipeline": FILTERS + " proxy-server"},
        "app:proxy-server": {
            "use": "egg:swift#proxy",
            "account_autocreate": "true",
            "strict_cors_mode": "false",  # pages of any origin
        },
        **filters,
    }
    return listen_with("proxy", sections)


def listen_with(name, sections):
    app = loadapp(write(name + ".conf", sections))
    sock = eventlet.listen(("127.0.0.1", 0))
    eventlet.spawn(wsgi.server, sock, app, log_output=False)
    return sock.getsockname()[1]


def write(name, sections):
    path = os.path.join(FOLDER, name)
    with open(path, "w") as file:
        for title, settings in sections.items():
            file.write("[%s]\n" % title)
            file.writelines("%s = %s\n" % pair for pair in settings.items())
    return path


main()
