# shellcheck shell=sh
# Flatcar's PATH contains /opt/bin, where downloaded programs are; Debian's does not.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin
