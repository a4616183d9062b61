#include "sites/local/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

namespace fabrica::sites::local {

namespace {

void set_handler(int number, void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  // Fails for numbers that nobody may change, which then stay right.
  ::sigaction(number, &action, nullptr);
}

void unblock_all() {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace

CaughtSignals::CaughtSignals(std::span<const int> numbers) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : numbers) sigaddset(&set, number);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  ignore_signal(SIGPIPE);
  fd_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

std::vector<CaughtSignal> CaughtSignals::take() const {
  std::vector<CaughtSignal> caught;
  signalfd_siginfo info{};
  while (fd_ && ::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    caught.push_back({static_cast<int>(info.ssi_signo), static_cast<int>(info.ssi_pid)});
  }
  return caught;
}

void ignore_signal(int number) { set_handler(number, SIG_IGN); }

void reset_all_signals() {
  for (int number = 1; number < NSIG; ++number) set_handler(number, SIG_DFL);
  unblock_all();
}

void release_signals() {
  set_handler(SIGPIPE, SIG_DFL);
  unblock_all();
}

}  // namespace fabrica::sites::local
