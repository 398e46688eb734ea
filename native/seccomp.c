#include "seccomp.h"
#include "seccomp_rules.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined __x86_64__
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "seccomp: this architecture is not known"
#endif

/* x86-64's second numbering, x32: the same calls with this bit, which a filter by number misses. */
#define X32_BIT 0x40000000u

enum { RULE_LENGTH_MAX = 7, PROGRAM_MAX = 1024 };

struct program {
    struct sock_filter code[PROGRAM_MAX];
    unsigned short length;
};

static void emit(struct program *program, struct sock_filter instruction) {
    program->code[program->length++] = instruction;
}

static void load(struct program *program, size_t offset) {
    emit(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* Goes on where the comparison holds, else skips the next `skip` instructions. */
static void skip_unless(struct program *program, uint16_t comparison, uint32_t value,
                        uint8_t skip) {
    emit(program, (struct sock_filter)BPF_JUMP(BPF_JMP | comparison | BPF_K, value, 0, skip));
}

static void answer(struct program *program, uint32_t error) {
    emit(program,
         (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error & 0xffff)));
}

/* The low half: both architectures are little-endian. */
static size_t argument_offset(unsigned argument) {
    return offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t);
}

/* Each rule begins with a load, so that it does not depend on what the rule before it loaded. */
static void emit_rule(struct program *program, const struct seccomp_rule *rule) {
    static const uint8_t tests[] = {
        [ALWAYS] = 0, [ANY_BIT] = 2, [EQUALS] = 2, [CREATES_ANY_BIT] = 4};
    uint8_t left = tests[rule->test] + 1; /* instructions of this rule behind the comparison */
    load(program, offsetof(struct seccomp_data, nr));
    skip_unless(program, BPF_JEQ, (uint32_t)rule->number, left);
    if (rule->test == CREATES_ANY_BIT) {
        load(program, argument_offset(rule->argument - 1));
        /* The kernel's O_TMPFILE without O_DIRECTORY, which glibc's includes. */
        skip_unless(program, BPF_JSET, O_CREAT | (O_TMPFILE & ~O_DIRECTORY), 3);
    }
    if (rule->test != ALWAYS) {
        load(program, argument_offset(rule->argument));
        skip_unless(program, rule->test == EQUALS ? BPF_JEQ : BPF_JSET, rule->value, 1);
    }
    answer(program, rule->error);
}

/* Calls of another ABI answer ENOSYS: their numbers mean other calls (moby's AF_ALG bypass). */
static void emit_prologue(struct program *program) {
    load(program, offsetof(struct seccomp_data, arch));
    emit(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCHITECTURE, 1, 0));
    answer(program, ENOSYS);
#if defined __x86_64__
    load(program, offsetof(struct seccomp_data, nr));
    skip_unless(program, BPF_JGE, X32_BIT, 1);
    answer(program, ENOSYS);
#endif
}

bool seccomp_install(struct failure *failure) {
    struct program program = {.length = 0};
    emit_prologue(&program);
    for (size_t i = 0; i < seccomp_rule_count; i++) {
        if (program.length + RULE_LENGTH_MAX + 1 > PROGRAM_MAX)
            return failed_because(failure, E2BIG, "seccomp", "compile", NULL, NULL);
        emit_rule(&program, &seccomp_rules[i]);
    }
    emit(&program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    struct sock_fprog filter = {.len = program.length, .filter = program.code};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0)
        return failed(failure, "seccomp", "seccomp", NULL);
    return true;
}
