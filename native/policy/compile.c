/*
 * compile POLICY ARCHITECTURE: prints the policy as two BPF programs in C, made by libseccomp.
 *
 * Two, because libseccomp cannot say "this call, but not with that argument" where the default is a
 * refusal: `calls` knows only numbers and refuses what is not listed; `arguments` refuses single
 * uses of calls that `calls` lets through. The kernel runs both and takes the stricter answer.
 */
#include "policy.h"
#include <err.h>
#include <errno.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void must(int result, const char *what) {
    errno = -result;
    if (result < 0)
        err(1, "%s", what);
}

static scmp_filter_ctx new_filter(uint32_t standard, uint32_t architecture) {
    scmp_filter_ctx filter = seccomp_init(standard);
    if (!filter)
        errx(1, "seccomp_init");
    if (architecture != seccomp_arch_native()) {
        must(seccomp_arch_add(filter, architecture), "seccomp_arch_add");
        must(seccomp_arch_remove(filter, SCMP_ARCH_NATIVE), "seccomp_arch_remove");
    }
    must(seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)), "BADARCH");
    /* A binary tree over the numbers: 10 comparisons a call instead of 300. */
    must(seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2), "OPTIMIZE");
    return filter;
}

/* False for a call that this architecture does not have; ends the program for one that none has. */
static bool exists(const struct rule *rule, uint32_t architecture) {
    int number = seccomp_syscall_resolve_name_arch(architecture, rule->call);
    if (number == __NR_SCMP_ERROR)
        errx(1, "line %d: libseccomp knows no call %s", rule->line, rule->call);
    return number >= 0;
}

static void add_rule(scmp_filter_ctx filter, uint32_t action, const struct rule *rule,
                     const struct scmp_arg_cmp *comparisons, unsigned count) {
    int number = seccomp_syscall_resolve_name(rule->call);
    must(seccomp_rule_add_exact_array(filter, action, number, count, comparisons), rule->call);
}

static void add_calls(scmp_filter_ctx filter, uint32_t architecture, const struct policy *policy) {
    for (size_t i = 0; i < policy->count; i++) {
        const struct rule *rule = &policy->rules[i];
        bool allowed = rule->error == 0 || rule->condition_count > 0;
        if (!exists(rule, architecture) || (!allowed && rule->error == ENOSYS))
            continue; /* ENOSYS is what an unnamed call answers */
        add_rule(filter, allowed ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(rule->error), rule, NULL, 0);
    }
}

/* The n-th bit of a set, alone; 0 behind the last one. */
static uint32_t nth_bit(uint32_t set, unsigned n) {
    for (; n > 0 && set; n--)
        set &= set - 1;
    return set & -set;
}

/*
 * The n-th way in which a condition fails, false behind the last one: a value has one, and a set of
 * bits one for each of its bits, as libseccomp can only ask for equality under a mask. Outside of a
 * set of values are those with any bit that none of them has, and the others that are not in it.
 */
static bool failing(const struct condition *condition, unsigned n, struct scmp_arg_cmp *failing) {
    enum { HIGH_BITS = 27 }; /* what a value has beside those that count to SET_VALUES */
    uint32_t mask = UINT32_MAX, value = condition->value;
    bool found = n == 0;
    if (condition->test == LACKS) {
        mask = value = nth_bit(value, n);
        found = mask != 0;
    } else if (condition->test == IS && n < HIGH_BITS) {
        mask = value = (uint32_t)SET_VALUES << n;
        found = true;
    } else if (condition->test == IS) {
        uint32_t other = nth_bit(~value, n - HIGH_BITS);
        found = other != 0;
        value = found ? (uint32_t)__builtin_ctz(other) : 0;
    }
    *failing = SCMP_CMP64(condition->argument, SCMP_CMP_MASKED_EQ, mask, value);
    return found;
}

/* One rule for each way in which conditions from the n-th on fail all together. */
static void refuse_all(scmp_filter_ctx filter, const struct rule *rule, unsigned n,
                       struct scmp_arg_cmp *comparisons) {
    if (n == rule->condition_count) {
        add_rule(filter, SCMP_ACT_ERRNO(rule->error), rule, comparisons, n);
        return;
    }
    for (unsigned way = 0; failing(&rule->conditions[n], way, &comparisons[n]); way++)
        refuse_all(filter, rule, n + 1, comparisons);
}

static void refuse_each(scmp_filter_ctx filter, const struct rule *rule) {
    struct scmp_arg_cmp comparison;
    for (size_t i = 0; i < rule->condition_count; i++)
        for (unsigned way = 0; failing(&rule->conditions[i], way, &comparison); way++)
            add_rule(filter, SCMP_ACT_ERRNO(rule->error), rule, &comparison, 1);
}

static void add_arguments(scmp_filter_ctx filter, uint32_t architecture,
                          const struct policy *policy) {
    struct scmp_arg_cmp comparisons[CONDITIONS_MAX];
    for (size_t i = 0; i < policy->count; i++) {
        const struct rule *rule = &policy->rules[i];
        if (rule->condition_count == 0 || !exists(rule, architecture))
            continue;
        if (rule->any)
            refuse_all(filter, rule, 0, comparisons);
        else
            refuse_each(filter, rule);
    }
}

static void print_program(scmp_filter_ctx filter, const char *name) {
    FILE *file = tmpfile();
    struct sock_filter line;
    if (!file)
        err(1, "tmpfile");
    must(seccomp_export_bpf(filter, fileno(file)), "seccomp_export_bpf");
    rewind(file);
    printf("\nstatic const struct sock_filter %s[] = {\n", name);
    while (fread(&line, sizeof line, 1, file) == 1)
        printf("    {0x%02x, %u, %u, 0x%08x},\n", line.code, line.jt, line.jf, line.k);
    puts("};");
    fclose(file);
    seccomp_release(filter);
}

int main(int count, char **arguments) {
    uint32_t architecture = count == 3 ? seccomp_arch_resolve_name(arguments[2]) : 0;
    if (architecture == 0)
        errx(2, "usage: compile POLICY ARCHITECTURE");
    const struct policy policy = policy_read(arguments[1]);
    const struct scmp_version *version = seccomp_version();
    printf("/* Compiled from default.policy by libseccomp %u.%u.%u: `make -C native policy`. */\n"
           "#pragma once\n#include <linux/filter.h>\n",
           version->major, version->minor, version->micro);
    scmp_filter_ctx calls = new_filter(SCMP_ACT_ERRNO(ENOSYS), architecture);
    scmp_filter_ctx uses = new_filter(SCMP_ACT_ALLOW, architecture);
    add_calls(calls, architecture, &policy);
    add_arguments(uses, architecture, &policy);
    print_program(calls, "calls");
    print_program(uses, "arguments");
    free(policy.rules);
    return 0;
}
