#include "base/pulse.h"

#include "base/alloc.h"
#include "base/signals.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <mpi.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The messages. */
typedef enum { ALIVE, END, FAILED /* the sender has printed the reason */ } Beat;

/* A rank that exchanges beats with this one. */
typedef struct {
  int rank;
  char host[MPI_MAX_PROCESSOR_NAME];
  unsigned char sent, received; /* Beat, each of the pending call */
  MPI_Request send, receive;    /* MPI_REQUEST_NULL: none is pending */
  bool ended;                   /* has sent END */
  double silence;               /* seconds of sleep since its last beat */
} Peer;

static struct {
  MPI_Comm comm;
  Peer *peers;
  int n;
  atomic_bool ending;
  pthread_t thread;
} pulse;

static void nap(double seconds) {
  const struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
  nanosleep(&time, NULL);
}

/* ---- beats ---------------------------------------------------------------------------------- */

static void send_beat(Peer *peer, Beat beat) {
  peer->sent = (unsigned char)beat;
  MPI_Isend(&peer->sent, 1, MPI_BYTE, peer->rank, 0, pulse.comm, &peer->send);
}

static void listen_to(Peer *peer) {
  MPI_Irecv(&peer->received, 1, MPI_BYTE, peer->rank, 0, pulse.comm, &peer->receive);
}

/* Whether a call is over. After an error the peer counts as silent. */
static bool is_over(Peer *peer, MPI_Request *request) {
  int over;
  if (MPI_Test(request, &over, MPI_STATUS_IGNORE) == MPI_SUCCESS) return over;
  peer->silence = INFINITY;
  return false;
}

/* Ends this process, and on rank 0 the others, with a message that names the silent rank. */
static void end_all(const Peer *silent) {
  char line[MPI_MAX_PROCESSOR_NAME + PATH_MAX];
  snprintf(line, sizeof line,
           "%s: rank %d on %s has not answered for %d s: it has died, or its node has; continue "
           "from the last checkpoint with --resume",
           program_invocation_short_name, silent->rank, silent->host, PULSE_SILENCE);
  for (Peer *peer = pulse.peers; peer < pulse.peers + pulse.n; peer++)
    if (peer != silent) send_beat(peer, FAILED);
  nap(0.1); /* for the last beats */
  signals_alarm(0, line);
  pause();
}

/* Receives the beats that have arrived, and sends the next one if the last one is sent. */
static void exchange_beats(Peer *peer) {
  while (!peer->ended && is_over(peer, &peer->receive)) {
    peer->silence = 0;
    peer->ended = peer->received == END;
    if (peer->received == FAILED) _exit(1);
    if (!peer->ended) listen_to(peer);
  }
  if (peer->sent != END && is_over(peer, &peer->send)) send_beat(peer, pulse.ending ? END : ALIVE);
}

/* Whether all beats were sent and received. */
static bool is_done(Peer *peer) {
  return peer->ended && peer->sent == END && is_over(peer, &peer->send);
}

static void *run(void *unused) {
  const double running = 0.1, ending = 0.001; /* seconds between beats */
  for (int done = 0; done < pulse.n;) {
    const double pause = pulse.ending ? ending : running;
    nap(pause);
    done = 0;
    for (Peer *peer = pulse.peers; peer < pulse.peers + pulse.n; peer++) {
      peer->silence += pause;
      exchange_beats(peer);
      done += is_done(peer);
      if (!peer->ended && peer->silence > PULSE_SILENCE) end_all(peer);
    }
  }
  return unused;
}

/* ---- start and end -------------------------------------------------------------------------- */

/* The peers of rank 0 are all other ranks; their peer is rank 0. */
static void make_peers(void) {
  enum { HOST = MPI_MAX_PROCESSOR_NAME };
  int mine, count, length;
  char host[HOST] = "";
  MPI_Comm_rank(pulse.comm, &mine);
  MPI_Comm_size(pulse.comm, &count);
  char(*hosts)[HOST] = alloc_new((size_t)count, HOST);
  MPI_Get_processor_name(host, &length);
  MPI_Allgather(host, HOST, MPI_CHAR, hosts, HOST, MPI_CHAR, pulse.comm);
  pulse.n = mine == 0 ? count - 1 : 1;
  pulse.peers = alloc_new((size_t)pulse.n, sizeof *pulse.peers);
  for (int i = 0; i < pulse.n; i++) {
    Peer *peer = &pulse.peers[i];
    *peer = (Peer){.rank = mine == 0 ? i + 1 : 0, .send = MPI_REQUEST_NULL};
    memcpy(peer->host, hosts[peer->rank], HOST);
    listen_to(peer);
  }
  free(hosts);
}

bool pulse_start(void) {
  MPI_Comm_dup(MPI_COMM_WORLD, &pulse.comm);
  make_peers();
  return pthread_create(&pulse.thread, NULL, run, NULL) == 0;
}

void pulse_end(void) {
  pulse.ending = true;
  pthread_join(pulse.thread, NULL);
  free(pulse.peers);
  MPI_Comm_free(&pulse.comm);
}
