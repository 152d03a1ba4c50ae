# /opt/bin is where Flatcar keeps what a node downloads; Debian's profile names other directories only.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin
