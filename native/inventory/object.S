/* The compiled task iterator, an ELF file of its own, from where it was built. */
        .section .rodata
        .balign 16
        .global object_begin, object_end
object_begin:
        .incbin "tasks.bpf.o"
object_end:
        .section .note.GNU-stack, "", %progbits
