# shellcheck shell=bash
# Sourced by cloudinit and ssh-key. The metadata service is at the address of the DHCP server, the machine's gateway.
gateway=$(ip -4 -json route show default | jq -r '.[0].gateway // empty')
if [ -z "$gateway" ]; then
  echo "no network, so no metadata"
  exit 0
fi
metadata=http://$gateway/latest

# await PATH: waits without a timeout until the metadata service answers for PATH. Returns 0 if it exists and 1 if it
# does not (404). No timeout, because the zone's daemon may start after its machines.
await() {
  local code tries=0
  while true; do
    code=$(curl --silent --output /dev/null --max-time 10 --write-out '%{http_code}' "$metadata/$1") || true
    case $code in
      200) return 0 ;;
      404) return 1 ;;
    esac
    if ((tries++ % 30 == 0)); then
      echo "waiting for $metadata/$1 (last answer: ${code/#000/none})"
    fi
    sleep 1
  done
}
