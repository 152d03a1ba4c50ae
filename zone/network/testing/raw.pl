# Sends and receives single packets of any protocol, which Node cannot, so that only the packet filter decides whether one
# arrives, not a listener or an answer. Reads lines "PROTOCOL FROM TO HEX", prints "PROTOCOL FROM HEX" for each received.
use strict;
use warnings;
use Socket;

use constant SO_RCVBUFFORCE => 33;
$| = 1;
my %sockets;
my $wanted = "";
for my $protocol (1, 4, 6, 17, 47, 50, 51) {
  socket(my $socket, PF_INET, SOCK_RAW, $protocol) or die "protocol $protocol: $!";
  setsockopt($socket, SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20) or die $!;
  $sockets{fileno $socket} = [$protocol, $socket];
  vec($wanted, fileno $socket, 1) = 1;
}
vec($wanted, fileno STDIN, 1) = 1;
print "ready\n";

my $input = "";
while (select(my $ready = $wanted, undef, undef, undef) > 0) {
  for my $number (keys %sockets) {
    next unless vec($ready, $number, 1);
    my ($protocol, $socket) = @{$sockets{$number}};
    recv($socket, my $packet, 2048, 0) // next;
    my $header = 4 * (ord($packet) & 15);
    print "$protocol ", inet_ntoa(substr($packet, 12, 4)), " ", unpack("H*", substr($packet, $header)), "\n";
  }
  next unless vec($ready, fileno STDIN, 1);
  sysread(STDIN, $input, 65536, length $input) or last;
  while ($input =~ s/^(\d+) (\S+) (\S+) ([0-9a-f]+)\n//) {
    my ($protocol, $from, $to, $hex) = ($1, $2, $3, $4);
    socket(my $socket, PF_INET, SOCK_RAW, $protocol) or die $!;
    bind($socket, pack_sockaddr_in(0, inet_aton($from))) or die "$from: $!";
    # Sending fails if the filter drops the packet on its way out: then it just does not arrive.
    send($socket, pack("H*", $hex), 0, pack_sockaddr_in(0, inet_aton($to)));
  }
}
